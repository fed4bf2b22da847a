// A client's own DAP: what it believes to be in the DP is kept here, and the probe gets full addresses.

import type { Logger } from '../base/logger.js';
import type { BitString } from '../dap/bit-string.js';
import { type ApAddress, DP, type DpAddress, selectOf } from '../dap/registers.js';
import type { DapPort, Probe } from '../probe/probe.js';

/** Runs an operation on the opened probe when its client's turn has come. */
export type UseProbe = <T>(signal: AbortSignal, operation: (probe: Probe) => Promise<T>) => Promise<T>;

const DPBANKSEL = 0x0f;
/** A line reset is at least 50 clocks with SWDIO high (IHI 0031 B4.3.3). */
const LINE_RESET = (1n << 50n) - 1n;

/**
 * The DAP as one client sees it. Addresses are those of the wire: of a DP address A[3:2] counts, of an AP address too,
 * and the client's own SELECT says which bank and which AP that is. SELECT and SELECT1 never reach the probe as such.
 */
export class VirtualDap implements DapPort {
  #select = 0;
  #select1 = 0;

  constructor(
    private readonly use: UseProbe,
    private readonly log: Logger,
  ) {}

  readDp(address: DpAddress, signal: AbortSignal): Promise<number> {
    const full = this.#dpAddress(address);
    return this.use(signal, (probe) => probe.dap.readDp(full, signal));
  }

  async writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    // Of SELECT nothing goes over the wire. It takes its turn all the same: a client without the probe must hear so.
    if ((address & 0xc) === DP.SELECT) {
      return this.use(signal, async () => {
        this.#select = value;
      });
    }
    // ABORT is at the address of DPIDR, and in every bank.
    const full = (address & 0xc) === DP.ABORT ? DP.ABORT : this.#dpAddress(address);
    if (full === DP.SELECT1) {
      return this.use(signal, async () => {
        this.#select1 = value;
      });
    }
    return this.use(signal, (probe) => probe.dap.writeDp(full, value, signal));
  }

  readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array> {
    const full = this.#apAddress(address);
    return this.use(signal, (probe) => probe.dap.readAp(full, count, signal));
  }

  writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void> {
    const full = this.#apAddress(address);
    return this.use(signal, (probe) => probe.dap.writeAp(full, values, signal));
  }

  flush(signal: AbortSignal): Promise<void> {
    return this.use(signal, (probe) => probe.dap.flush(signal));
  }

  /** The probe was unplugged: whatever is plugged in next has been through a power-up. */
  reset(): void {
    this.#select = 0;
    this.#select1 = 0;
  }

  /** A line reset takes SELECT.DPBANKSEL back to 0 (IHI 0074 B4.3.3). */
  sequenceSent(sequence: BitString): void {
    for (let bits = sequence.bits; bits >= LINE_RESET; bits >>= 1n) {
      if ((bits & LINE_RESET) !== LINE_RESET) continue;
      this.#select = selectOf(this.#select);
      return;
    }
  }

  #dpAddress(address: DpAddress): DpAddress {
    const register = address & 0xc;
    // 0x8 and 0xC are the same in every bank. 0x0 is banked from DPv3 on, and DPIDR in every bank before.
    return register === 0x0 || register === 0x4 ? ((this.#select & DPBANKSEL) << 4) | register : register;
  }

  #apAddress(address: ApAddress): ApAddress {
    const full = this.#select1 * 0x1_0000_0000 + selectOf(this.#select) + (address & 0xc);
    if (full % 0x1_0000_0000 !== (address & 0xfffffffc) >>> 0 && this.log.isEnabled('debug')) {
      this.log.debug('AP address differs from SELECT', { address, select: this.#select });
    }
    return full;
  }
}
