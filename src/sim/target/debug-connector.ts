// The wires between probe and board: SWCLK/TCK, SWDIO/TMS, TDI, TDO, nTRST, nRESET, and the debug ports on them.

import { Ack } from '../../dap/ack.js';
import { Request } from './access-faults.js';
import { parity32, type Bit } from './bits.js';
import { BAD_PARITY } from './debug-port.js';
import type { SwjDp } from './swj-dp.js';

/** How the probe shapes its SWD packets (DAP_SWD_Configure). */
export interface SwdTiming {
  /** 1 … 4 clocks. */
  turnaround: number;
  /** A data phase after WAIT and FAULT too. */
  dataPhase: boolean;
}

/** ACK of `transferSwd` for a read whose parity was wrong. */
export const ACK_PARITY_ERROR = 8;

export class DebugConnector {
  /** Data of the last `transferSwd` that read. */
  data = 0;
  /** Clocks since the board was made. */
  clocks = 0;
  readonly #ports: readonly SwjDp[];

  /**
   * @param ports    all on one SWD line; for JTAG a chain, the first nearest to TDI
   * @param nReset   the reset pin of the board
   */
  constructor(
    ports: readonly SwjDp[],
    readonly nReset: { drive(low: boolean): void; readonly low: boolean },
  ) {
    this.#ports = ports;
  }

  /** One clock with SWDIO/TMS driven by the probe. @returns TDO */
  clockOut(level: Bit, tdi: Bit = 1): Bit {
    this.clocks++;
    let chain = tdi;
    for (const port of this.#ports) {
      port.clock(level, chain);
      if (port.selected === 'jtag') chain = port.tdo;
    }
    return this.#ports.some(({ selected }) => selected === 'jtag') ? chain : 1;
  }

  /** One clock with SWDIO left to the target. @returns SWDIO */
  clockIn(): Bit {
    this.clocks++;
    let line: Bit = 1;
    for (const port of this.#ports) if (port.clock(1, 1) === 0) line = 0;
    return line;
  }

  /**
   * One SWD packet.
   *
   * @param request  APnDP, RnW, A[3:2]
   * @param value    to be written
   * @returns        the three bits seen as ACK, or `ACK_PARITY_ERROR`
   */
  transferSwd(request: number, value: number, timing: SwdTiming): number {
    const port = this.#ports[0];
    // The short cut: one debug port, at the start of a packet. The same, clock by clock, is `#clockTransfer`.
    if (this.#ports.length === 1 && port.selected === 'swd' && port.swd.ready) {
      this.clocks += 8 + 3 + 33 + 2 * timing.turnaround;
      const ack = port.swd.transfer(request, value, timing.turnaround, timing.dataPhase);
      this.data = port.swd.data;
      return ack & BAD_PARITY ? ACK_PARITY_ERROR : ack;
    }
    return this.#clockTransfer(request, value, timing);
  }

  /** nTRST: low resets the TAPs. */
  resetTaps(): void {
    for (const { tap } of this.#ports) tap?.reset();
  }

  /** SW_DP.c, SWD_Transfer. */
  #clockTransfer(request: number, value: number, { turnaround, dataPhase }: SwdTiming): number {
    this.#out(0x81 | (request << 1) | (parity32(request) << 5), 8);
    this.#in(turnaround);
    const ack = this.#in(3);
    const read = (request & Request.READ) !== 0;
    if (ack === Ack.Ok && read) {
      this.data = this.#in(32);
      const good = this.#in(1) === parity32(this.data);
      this.#in(turnaround);
      return good ? Ack.Ok : ACK_PARITY_ERROR;
    }
    if (ack === Ack.Ok) {
      this.#in(turnaround);
      this.#out(value, 32);
      this.#out(parity32(value), 1);
    } else if (ack === Ack.Wait || ack === Ack.Fault) {
      if (dataPhase && read) this.#in(33);
      this.#in(turnaround);
      if (dataPhase && !read) for (let i = 0; i < 33; i++) this.clockOut(0);
    } else this.#in(turnaround + 33); // backs off from a data phase that may be on its way
    return ack;
  }

  #out(bits: number, count: number): void {
    for (let i = 0; i < count; i++) this.clockOut((bits >>> i) & 1 ? 1 : 0);
  }

  #in(count: number): number {
    let bits = 0;
    for (let i = 0; i < count; i++) bits |= this.clockIn() << i;
    return bits >>> 0;
  }
}
