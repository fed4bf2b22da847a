import type { Vm } from './vm.js';

const TRIES = 3;
const TIMEOUT_MS = 240_000;
/** What "probed --check-config" takes on a real processor: it is the daemon's start up to where USB begins. */
const ORDINARY_SECONDS = 0.3;

/**
 * What a time of the guest would be on a real processor, as far as the processor makes it: the guest is slower by as
 * much as it is at "probed --check-config". An estimate, for goals that are said in seconds. ("node -e 0" would be of
 * no use: it comes out of a snapshot, while new code is what emulation is slowest at.)
 */
export class Emulation {
  private constructor(private readonly startSeconds: number) {}

  /** Next to what is measured: how slow the guest is depends on what else the host does. The package is installed. */
  static async measure({ agent, stopwatch }: Vm): Promise<Emulation> {
    const starts: number[] = [];
    for (let i = 0; i < TRIES; i++) {
      const begin = await stopwatch.now();
      await agent.output(['probed', '--check-config'], { timeoutMs: TIMEOUT_MS });
      starts.push((await stopwatch.now()) - begin);
    }
    return new Emulation(starts.sort((a, b) => a - b)[Math.trunc(TRIES / 2)]);
  }

  /** @param waitedSeconds  of these, what is a clock's and not the processor's */
  seconds(guestSeconds: number, waitedSeconds = 0): number {
    return ((guestSeconds - waitedSeconds) * ORDINARY_SECONDS) / this.startSeconds + waitedSeconds;
  }

  /** `9.12 s emulated, where "probed --check-config" takes 4.60 s; some 0.59 s where it takes 0.3 s` */
  describe(guestSeconds: number, waitedSeconds = 0): string {
    const estimate = this.seconds(guestSeconds, waitedSeconds).toFixed(2);
    const here = `where "probed --check-config" takes ${this.startSeconds.toFixed(2)} s`;
    return `${guestSeconds.toFixed(2)} s emulated, ${here}; some ${estimate} s where it takes ${ORDINARY_SECONDS} s`;
  }
}
