import type { Vm } from './vm.js';

const TRIES = 5;
/** What starting Node takes on an ordinary machine. */
const ORDINARY_START_SECONDS = 0.05;

/**
 * What a time of the guest would be on a real processor, as far as the processor makes it: the guest is slower by as
 * much as it is at starting Node. An estimate, for goals that are said in seconds.
 */
export class Emulation {
  private constructor(private readonly nodeSeconds: number) {}

  /** Starts Node a few times. Near to what is measured: how slow the guest is depends on what else the host does. */
  static async measure({ agent, stopwatch }: Vm): Promise<Emulation> {
    const starts: number[] = [];
    for (let i = 0; i < TRIES; i++) {
      const begin = await stopwatch.now();
      await agent.output(['/opt/vm-agent/node', '-e', '0']);
      starts.push((await stopwatch.now()) - begin);
    }
    return new Emulation(starts.sort((a, b) => a - b)[Math.trunc(TRIES / 2)]);
  }

  /** @param waitedSeconds  of these, what is a clock's and not the processor's */
  seconds(guestSeconds: number, waitedSeconds = 0): number {
    return ((guestSeconds - waitedSeconds) * ORDINARY_START_SECONDS) / this.nodeSeconds + waitedSeconds;
  }

  /** `9.12 s emulated, where Node starts in 0.60 s; some 0.76 s where it starts in 0.05 s` */
  describe(guestSeconds: number, waitedSeconds = 0): string {
    const estimate = this.seconds(guestSeconds, waitedSeconds).toFixed(2);
    const here = `${guestSeconds.toFixed(2)} s emulated, where Node starts in ${this.nodeSeconds.toFixed(2)} s`;
    return `${here}; some ${estimate} s where it starts in ${ORDINARY_START_SECONDS} s`;
  }
}
