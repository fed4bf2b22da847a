// A client's own DAP: its registers, as the client sees them; those of the debug port are in `VirtualDp`. What it has left
// in them, and what is on the wire, is in its `LeaseContext`; as long as nobody else has used the probe, accesses go
// straight to it.

import type { Logger } from '../base/logger.js';
import { addressOf } from '../dap/ap-addressing.js';
import { type ApAddress, type DpAddress, selectOf } from '../dap/registers.js';
import type { DapPort, Probe } from '../probe/probe.js';
import type { DpView, WireDp } from './dp-state.js';
import type { LeaseContext } from './lease-context.js';
import type { MemApUser } from './mem-ap-user.js';
import type { MemApView } from './mem-ap-state.js';
import type { MemoryPort } from './memory-port.js';
import { VirtualDp } from './virtual-dp.js';

/** Runs an operation on the opened probe when its client's turn has come. */
export type UseProbe = <T>(signal: AbortSignal, operation: (probe: Probe) => Promise<T>) => Promise<T>;

/**
 * The DAP as one client sees it. Addresses are those of the wire: of a DP address A[3:2] counts, of an AP address too,
 * and the client's own SELECT says which bank and which AP that is. SELECT and SELECT1 never reach the probe as such.
 */
export class VirtualDap implements DapPort {
  readonly #context: LeaseContext;
  readonly #dp: VirtualDp;
  readonly #use: UseProbe;
  readonly #log: Logger;

  constructor(context: LeaseContext, use: UseProbe, log: Logger) {
    this.#context = context;
    this.#dp = new VirtualDp(context);
    this.#use = use;
    this.#log = log;
  }

  readDp(address: DpAddress, signal: AbortSignal): Promise<number> {
    return this.#use(signal, (probe) => this.#dp.read(probe, address & 0xc, signal));
  }

  writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    return this.#use(signal, (probe) => this.#dp.write(probe, address & 0xc, value, signal));
  }

  readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array> {
    return this.#use(signal, (probe) => {
      const register = this.#apRegister(address);
      const { selected } = this.#context.here.view;
      if (selected) return this.#read(probe, selected, register, count, signal);
      return this.#selectAp(probe).then((user) => this.#read(probe, user, register, count, signal));
    });
  }

  writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void> {
    return this.#use(signal, (probe) => {
      const register = this.#apRegister(address);
      const { selected } = this.#context.here.view;
      if (selected) return this.#write(probe, selected, register, values, signal);
      return this.#selectAp(probe).then((user) => this.#write(probe, user, register, values, signal));
    });
  }

  flush(signal: AbortSignal): Promise<void> {
    return this.#use(signal, (probe) => this.#flush(probe, signal));
  }

  // ---- accesses to APs, with the turn held

  async #read(
    probe: Probe,
    user: MemApUser,
    register: number,
    count: number,
    signal: AbortSignal,
  ): Promise<Uint32Array> {
    if (this.#context.isForeign) await this.#context.enter(probe, false);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0) throw this.#dp.stickyFault('AP', user.base + register);
    try {
      const words = await user.read(probe.dap, register, count, signal);
      this.#context.line.answered();
      user.ap.hasIntruded = false;
      view.rdbuff = view.resend = words[count - 1];
      dp.rdbuffOf = dp.resendOf = view;
      return words;
    } catch (error) {
      noteIntrusion(dp, user, view);
      this.#context.failed(error);
      throw error;
    }
  }

  async #write(
    probe: Probe,
    user: MemApUser,
    register: number,
    values: Uint32Array,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#context.isForeign) await this.#context.enter(probe, false);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0) throw this.#dp.stickyFault('AP', user.base + register);
    try {
      await user.write(probe.dap, register, values, signal);
      if (this.#context.isWatched) await probe.dap.flush(signal);
      noteIntrusion(dp, user, view);
      this.#dp.noteWritten(dp, view);
    } catch (error) {
      noteIntrusion(dp, user, view);
      this.#context.failed(error);
      throw error;
    }
  }

  // ---- memory handles

  /** Accesses to a page of AP registers in one turn, on behalf of a memory handle, or of the client itself. */
  useAp<T>(
    address: ApAddress,
    handle: MemoryPort | undefined,
    signal: AbortSignal,
    body: (ap: ApTurn) => Promise<T>,
  ): Promise<T> {
    return this.#use(signal, async (probe) => {
      await this.#context.identify(probe);
      const { view } = this.#context.here;
      const user = handle ? this.#context.guest(address, handle) : this.#context.user(address);
      return body({
        client: view.aps.get(user.base)?.view,
        own: user.view,
        read: (register, count) => this.#read(probe, user, register, count, signal),
        write: (register, values) => this.#write(probe, user, register, values, signal),
        clearSticky: () => this.#dp.clearSticky(probe, signal),
        flush: () => this.#flush(probe, signal),
      });
    });
  }

  /** Waits for what was posted, so that an error is told by the access that has caused it. */
  async #flush(probe: Probe, signal: AbortSignal): Promise<void> {
    try {
      await probe.dap.flush(signal);
    } catch (error) {
      this.#context.failed(error);
      throw error;
    }
  }

  // ---- addresses

  /** @returns the register in its page */
  #apRegister(address: ApAddress): number {
    const { select } = this.#context.here.view;
    const register = (select & 0xf0) | (address & 0xc);
    if (((selectOf(select) | register) ^ address) >>> 2 && this.#log.isEnabled('debug')) {
      this.#log.debug('AP address differs from SELECT', { address, select });
    }
    return register;
  }

  /** Looks up the AP that SELECT points to. */
  async #selectAp(probe: Probe): Promise<MemApUser> {
    await this.#context.identify(probe);
    const { view, dp } = this.#context.here;
    const user = this.#context.user(addressOf(view.select, view.select1));
    if (dp.addressing.unread() === undefined) view.selected = user;
    return user;
  }
}

/** What a memory handle does in one turn. */
export interface ApTurn {
  /** The registers of this AP as the client itself has left them, if it has used them. */
  readonly client: MemApView | undefined;
  /** As the handle has left them. */
  readonly own: MemApView;
  read(register: number, count: number): Promise<Uint32Array>;
  write(register: number, values: Uint32Array): Promise<void>;
  clearSticky(): Promise<void>;
  /** Waits until every write has been executed. */
  flush(): Promise<void>;
}

/** Whether RDBUFF is still as `view` has left it. */
function noteIntrusion(dp: WireDp, { ap }: MemApUser, view: DpView): void {
  if (ap.hasIntruded || (dp.rdbuffOf && dp.rdbuffOf !== view)) dp.rdbuffOf = 'nobody';
  ap.hasIntruded = false;
}
