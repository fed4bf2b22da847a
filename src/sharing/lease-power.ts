// The power-up requests of one client among those of others, and whether the target has lost its power. Called with the
// probe's turn held.

import { never } from '../base/never.js';
import { TransferError } from '../dap/errors.js';
import { DP, POWER_REQUESTS } from '../dap/registers.js';
import type { Probe } from '../probe/probe.js';
import type { DpView, WireDp } from './dp-state.js';
import type { LeaseLine } from './lease-line.js';
import type { Wire } from './wire.js';

export class LeasePower {
  readonly #wire: Wire;
  readonly #line: LeaseLine;
  readonly #views: ReadonlyMap<number | undefined, DpView>;

  /** @param views  the debug ports that the client works with, by their selection, as it has left them */
  constructor(wire: Wire, line: LeaseLine, views: ReadonlyMap<number | undefined, DpView>) {
    this.#wire = wire;
    this.#line = line;
    this.#views = views;
  }

  /** Behind an access that was not answered: the power-up requests tell whether the power was away. */
  async find(probe: Probe, dp: WireDp): Promise<void> {
    const wire = this.#wire;
    const requested = (dp.control ?? 0) & POWER_REQUESTS;
    const isAlone = wire.contexts.size === 1;
    if (!isAlone && requested === 0) return; // another debug port may tell
    wire.mayHaveLostPower = false;
    if (isAlone) return;
    const control = await probe.dap.readDp(DP.CTRL_STAT, never);
    dp.resendOf = 'nobody';
    this.judge(dp, control);
  }

  /** @param control  CTRL/STAT as it was read: requests that are not there any more were lost */
  judge(dp: WireDp, control: number): void {
    const wire = this.#wire;
    const requested = (dp.control ?? 0) & POWER_REQUESTS;
    if (requested !== 0) wire.mayHaveLostPower = false;
    if ((requested & ~control) === 0) return;
    wire.losses++;
    for (const each of wire.dps) each.lostPower();
    for (const { power } of wire.contexts) power.#lost();
  }

  #lost(): void {
    for (const view of this.#views.values()) view.lostPower();
    this.#line.lostPower();
  }

  /** Takes back this client's power-up requests, where nobody else has them. */
  async release(probe: Probe): Promise<void> {
    for (const [selection, view] of this.#views) {
      const { power } = view;
      view.control = view.control === undefined ? undefined : (view.control & ~POWER_REQUESTS) >>> 0;
      const dp = this.#wire.dp(selection);
      const others = this.#ofAllBut(view, selection);
      if ((power & ~others) === 0 || dp.control === undefined) continue;
      try {
        await this.#write(probe, selection, dp, others);
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        this.#wire.lost(); // a target that does not answer cannot be told
      }
    }
  }

  async #write(probe: Probe, selection: number | undefined, dp: WireDp, requests: number): Promise<void> {
    const wire = this.#wire;
    if (!wire.isReady || wire.selection !== selection) {
      await wire.endOverrun(probe); // whosever it is: this client does nothing more for the line
      await wire.moveTo(probe, selection, false);
    }
    wire.user = undefined;
    if (dp.suspect) await dp.suspect.takeFlags(probe, dp);
    const control = (((dp.control ?? 0) & ~POWER_REQUESTS) | requests) >>> 0;
    await dp.writeControl(probe, control, never);
  }

  /** What others request at the debug port that this client has selected. */
  ofOthers(view: DpView): number {
    return this.#ofAllBut(view, this.#line.now.selection);
  }

  #ofAllBut(view: DpView, selection: number | undefined): number {
    let requests = 0;
    for (const { power } of this.#wire.contexts) {
      const other = power.#views.get(selection);
      if (other && other !== view) requests |= other.power;
    }
    return requests;
  }
}
