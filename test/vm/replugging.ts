import { sleep, systemClock } from '../../src/base/clock.js';
import type { SimProbe } from '../../src/sim/sim-probe.js';
import type { Vm } from './vm.js';

/** How long the probe stays in: from before the kernel has seen it to after it is served. */
const PLUGGED_MS = [50, 300, 1000, 3000] as const;

/** A probe that is plugged in and pulled, over and over. */
export class Replugging {
  readonly #pulls: Promise<number>;
  #isStopped = false;

  constructor(
    private readonly vm: Vm,
    private readonly probe: SimProbe,
    private readonly socket: number,
  ) {
    this.#pulls = this.#run();
  }

  /** Resolves when the probe is plugged in for good. @returns how often it was pulled */
  stop(): Promise<number> {
    this.#isStopped = true;
    return this.#pulls;
  }

  async #run(): Promise<number> {
    for (let pulls = 0; ; pulls++) {
      const plugged = await this.vm.plug(this.probe, this.socket);
      if (this.#isStopped) return pulls;
      await sleep(systemClock, PLUGGED_MS[pulls % PLUGGED_MS.length]);
      plugged[Symbol.dispose]();
    }
  }
}
