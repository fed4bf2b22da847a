import { UnsupportedError } from '../../base/errors.js';
import { resetTarget } from './commands/reset-target.js';
import { Pin, swjPins } from './commands/swj-pins.js';
import type { PacketExchange } from './packet-exchange.js';

/**
 * nRESET by DAP_SWJ_Pins. A probe without that command may have DAP_ResetTarget: then asserting runs the whole reset,
 * and releasing does nothing.
 */
export class ResetLine {
  readonly #exchange: PacketExchange;
  #isAsserted = false;
  #hasPins = true;

  constructor(exchange: PacketExchange) {
    this.#exchange = exchange;
  }

  /** Whether we hold it. */
  get isAsserted(): boolean {
    return this.#isAsserted;
  }

  /** The probe has let go of its pins. */
  noteReleased(): void {
    this.#isAsserted = false;
  }

  async set(asserted: boolean, signal: AbortSignal): Promise<void> {
    const change = { output: asserted ? 0 : Pin.NReset, select: Pin.NReset };
    const pins = this.#hasPins ? await this.#pins(change, signal) : undefined;
    if (pins === undefined && asserted && !(await this.#exchange.exchange(resetTarget, signal))) {
      throw new UnsupportedError('the probe can neither drive nRESET nor reset the target by itself');
    }
    this.#isAsserted = asserted;
  }

  /** @returns the level of the pin, whoever pulls it; without DAP_SWJ_Pins whether we hold it */
  async read(signal: AbortSignal): Promise<boolean> {
    const pins = this.#hasPins ? await this.#pins({ output: 0, select: 0 }, signal) : undefined;
    return pins === undefined ? this.#isAsserted : (pins & Pin.NReset) === 0;
  }

  async #pins(change: { output: number; select: number }, signal: AbortSignal): Promise<number | undefined> {
    try {
      return await this.#exchange.exchange(swjPins(change), signal);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      this.#hasPins = false;
      return undefined;
    }
  }
}
