// One DP or AP access over the wire that is connected, with the differences between SWD and JTAG that a transfer sees.

import { Request } from '../target/access-faults.js';
import { JtagInstruction } from '../target/jtag-tap.js';
import type { DapState } from './dap-state.js';
import { scanAccess, scanIr, type ScanResult } from './jtag.js';

export interface TransferLink {
  /** Data of the last access that read; of a posted read, what the access before it has read. */
  readonly data: number;
  /** One access, repeated while the target answers WAIT. @returns ACK, or 8 for a protocol error */
  access(request: number, value: number): number;
  /** The read is posted: its data come with the next access. */
  posts(request: number): boolean;
  /** Reading `request` after the posted read `previous` delivers that one's data. */
  chains(previous: number, request: number): boolean;
  /** RDBUFF is read at the end of every transfer, not only behind a write. */
  readonly checksWithoutWrite: boolean;
}

/** Reads RDBUFF: the data of a posted read, or the end of a write. */
export const READ_RDBUFF = Request.READ | 0xc;

/** AP reads are posted (IHI 0031 B4.2.3). */
export class SwdLink implements TransferLink {
  readonly checksWithoutWrite = false;
  readonly #state: DapState;

  constructor(state: DapState) {
    this.#state = state;
  }

  get data(): number {
    return this.#state.connector.data;
  }

  access(request: number, value: number): number {
    const { connector, swd, waitRetry, idleCycles } = this.#state;
    let ack = connector.transferSwd(request & 0xf, value, swd);
    for (let retry = waitRetry; ack === 2 && retry > 0 && !this.#state.aborted; retry--)
      ack = connector.transferSwd(request & 0xf, value, swd);
    if (idleCycles > 0 && ack === 1) for (let i = 0; i < idleCycles; i++) connector.clockOut(0);
    return ack;
  }

  posts(request: number): boolean {
    return (request & Request.AP) !== 0;
  }

  chains(_previous: number, request: number): boolean {
    return (request & Request.AP) !== 0;
  }
}

/** Every read is posted (IHI 0031 B3.4.3). Loads the instruction when it has to change. */
export class JtagLink implements TransferLink {
  readonly checksWithoutWrite = true;
  readonly #state: DapState;
  readonly #index: number;
  readonly #result: ScanResult = { ack: 0, data: 0 };
  #ir = 0;

  constructor(state: DapState, index: number) {
    this.#state = state;
    this.#index = index;
  }

  get data(): number {
    return this.#result.data;
  }

  access(request: number, value: number): number {
    this.#select(request & Request.AP ? JtagInstruction.APACC : JtagInstruction.DPACC);
    const access = { request, value, checked: true };
    const { connector } = this.#state;
    for (let retry = this.#state.waitRetry; ; retry--) {
      scanAccess(this.#state, this.#index, access, this.#result);
      for (let i = 0; i < this.#state.idleCycles; i++) connector.clockOut(0);
      if (this.#result.ack !== 2 || retry <= 0 || this.#state.aborted) return this.#result.ack;
    }
  }

  abort(value: number): void {
    this.#select(JtagInstruction.ABORT);
    scanAccess(this.#state, this.#index, { request: 0, value, checked: false }, this.#result);
  }

  posts(): boolean {
    return true;
  }

  chains(previous: number, request: number): boolean {
    return ((previous ^ request) & Request.AP) === 0;
  }

  #select(ir: number): void {
    if (this.#ir === ir) return;
    this.#ir = ir;
    scanIr(this.#state.connector, this.#state.jtagDevices[this.#index], ir);
  }
}
