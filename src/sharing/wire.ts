import type { WireProtocol } from '../dap/wire-protocol.js';
import { WireDp } from './dp-state.js';
import type { VirtualDap } from './virtual-dap.js';

/** What is on the wire of one probe now, and whose it is. */
export class Wire {
  /** All that counts of this client's debug port is on the wire: its next access needs nothing first. */
  user: VirtualDap | undefined;
  /** Who brought the line to where it is. */
  lineOf: VirtualDap | undefined;
  /** A debug port has answered since the last sequence. */
  isReady = false;
  protocol: WireProtocol = 'SWD';
  /** What TARGETSEL was written with. */
  selection: number | undefined;
  readonly daps = new Set<VirtualDap>();
  readonly #dps = new Map<number | undefined, WireDp>();

  dp(selection: number | undefined): WireDp {
    let dp = this.#dps.get(selection);
    if (!dp) this.#dps.set(selection, (dp = new WireDp()));
    return dp;
  }

  get dps(): Iterable<WireDp> {
    return this.#dps.values();
  }

  /** The probe drives the pins of a protocol, and nothing was sent yet. */
  connected(protocol: WireProtocol): void {
    this.protocol = protocol;
    this.selection = undefined;
    this.lost();
    for (const dap of this.daps) dap.join();
  }

  /** Nobody knows what the debug ports listen to. */
  lost(): void {
    this.user = this.lineOf = undefined;
    this.isReady = false;
  }

  /** The probe is gone, and what is plugged in next has been through a power-up. */
  reset(): void {
    this.#dps.clear();
    this.lost();
    for (const dap of this.daps) dap.reset();
  }
}
