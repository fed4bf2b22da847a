// The registers of a Debug Port, whatever wire they are reached over. IHI 0031 (ADIv5.2) B2, IHI 0074 (ADIv6) B2.

import { Ack } from '../../dap/ack.js';
import { ABORT, CTRL_STAT, DP, dpVersion } from '../../dap/registers.js';
import { BusFault } from '../core/bus-fault.js';
import { type AccessFaults, Request } from './access-faults.js';
import type { AccessPort } from './access-port.js';

export interface DebugPortOptions {
  /** DPIDR; its version field decides what else there is. */
  readonly dpidr: number;
  /** TARGETID, DPv2 and up. */
  readonly targetId?: number;
  /** TINSTANCE of DLPIDR and TARGETSEL, 0 … 15. */
  readonly instance?: number;
  /** DPv3: address of the component BASEPTR0 points to. */
  readonly basePointer?: number;
  /** By APSEL up to DPv2, by base address in DPv3. */
  readonly accessPorts: ReadonlyMap<number, AccessPort>;
  readonly faults: AccessFaults;
}

const WRITABLE = CTRL_STAT.ORUNDETECT | 0xf00 | CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ;
const STICKY = CTRL_STAT.STICKYORUN | CTRL_STAT.STICKYCMP | CTRL_STAT.STICKYERR | CTRL_STAT.WDATAERR;
/** Of AP addresses, in a DPv3. */
const ADDRESS_BITS = 40;
/** Reads that are answered whatever the sticky flags say (IHI 0031 B4.2.4): DPIDR, CTRL/STAT. */
const ALWAYS_READ = [Request.READ | DP.DPIDR, Request.READ | DP.CTRL_STAT];

/** Set in the answer of `acknowledge` beside `Ack.Ok`: the parity bit of the data phase is wrong. */
export const BAD_PARITY = 0x10;

/**
 * The power domain is always on: a power-up request is acknowledged at once. READOK stays zero, and pushed operations
 * and the transaction counter are not there: DPIDR.MINDP.
 */
export class DebugPort {
  readonly version: number;
  readonly #options: DebugPortOptions;
  #ctrlStat = 0;
  #select = 0;
  #select1 = 0;
  #dlcr = 0;
  #rdbuff = 0;
  #resend = 0;
  #ap: AccessPort | undefined;
  /** The part of the register offset that SELECT holds. */
  #apBank = 0;

  /** Called when an injected fault takes the power away: the board resets everything, this DP included. */
  onPowerLost: () => void = () => this.reset();

  constructor(options: DebugPortOptions) {
    this.#options = options;
    this.version = dpVersion(options.dpidr);
    this.#selectAp();
  }

  /** Power-up reset. */
  reset(): void {
    this.#ctrlStat = this.#select = this.#select1 = this.#dlcr = this.#rdbuff = this.#resend = 0;
    this.#selectAp();
    this.resetAps();
  }

  resetAps(): void {
    for (const ap of this.#options.accessPorts.values()) ap.reset();
  }

  /**
   * What a line reset does to the registers: the turnaround is one clock again (IHI 0031 B2.2.3), and a DPv3 selects
   * bank 0 (IHI 0074 B4.3.3).
   */
  lineReset(): void {
    this.#dlcr = 0;
    if (this.version >= 3) this.#select = (this.#select & ~0xf) >>> 0;
  }

  get dpidr(): number {
    return this.#options.dpidr;
  }

  /** What TARGETSEL must hold to choose this DP; undefined: it does not take part in multi-drop. */
  get targetSel(): number | undefined {
    const { targetId, instance } = this.#options;
    return targetId === undefined || instance === undefined
      ? undefined
      : ((targetId & 0x0fffffff) | (instance << 28)) >>> 0;
  }

  get overrunDetect(): boolean {
    return (this.#ctrlStat & CTRL_STAT.ORUNDETECT) !== 0;
  }

  /** Clocks of a turnaround, 1 … 4 (DLCR.TURNROUND). */
  get turnaround(): number {
    return ((this.#dlcr >>> 8) & 3) + 1;
  }

  /**
   * The ACK of an SWD access, before its data phase.
   *
   * @returns  an `Ack`, or `Ack.Ok | BAD_PARITY`
   */
  acknowledge(request: number): number {
    const injected = this.injected(request);
    if (injected === Ack.Wait && this.overrunDetect) this.#ctrlStat |= CTRL_STAT.STICKYORUN;
    if (injected === undefined) return this.#plainAck(request);
    if (injected & BAD_PARITY && this.#plainAck(request) !== Ack.Ok) return Ack.Fault;
    return injected;
  }

  /** The injected fault of this access as an ACK, with what it does to the registers; undefined: there is none. */
  injected(request: number): number | undefined {
    switch (this.#options.faults.next(request)) {
      case undefined:
        return undefined;
      case 'wait':
        return Ack.Wait;
      case 'fault':
        this.#ctrlStat |= CTRL_STAT.STICKYERR;
        return Ack.Fault;
      case 'no-ack':
        return Ack.None;
      case 'parity':
        return Ack.Ok | BAD_PARITY;
      case 'power-lost':
        this.onPowerLost();
        return Ack.None;
    }
  }

  /** The data of an SWD read that was acknowledged. An AP read starts, and returns what the one before it has read. */
  readSwd(request: number): number {
    if (!(request & Request.AP)) {
      this.#resend = this.readDp(request & Request.ADDRESS_MASK);
      return this.#resend;
    }
    const previous = this.#rdbuff;
    this.#rdbuff = this.readAp(request);
    this.#resend = previous;
    return previous;
  }

  write(request: number, value: number): void {
    if (request & Request.AP) this.#writeAp(request, value);
    else this.#writeDp(request & Request.ADDRESS_MASK, value);
  }

  /** A write came with bad parity: it is dropped (IHI 0031 B4.2.6). */
  writeCorrupted(): void {
    this.#ctrlStat |= CTRL_STAT.WDATAERR;
  }

  /** Sticky flags as of JTAG, where they stop AP accesses without an ACK that says so. */
  get sticky(): boolean {
    return (this.#ctrlStat & STICKY) !== 0;
  }

  abort(value: number): void {
    if (value & ABORT.STKCMPCLR) this.#ctrlStat &= ~CTRL_STAT.STICKYCMP;
    if (value & ABORT.STKERRCLR) this.#ctrlStat &= ~CTRL_STAT.STICKYERR;
    if (value & ABORT.WDERRCLR) this.#ctrlStat &= ~CTRL_STAT.WDATAERR;
    if (value & ABORT.ORUNERRCLR) this.#ctrlStat &= ~CTRL_STAT.STICKYORUN;
  }

  /** In a JTAG-DP sticky flags are cleared by writing them to CTRL/STAT as one (IHI 0031 B2.2.2). */
  clearSticky(value: number): void {
    this.#ctrlStat &= ~(value & STICKY);
  }

  /** The AP register of a request, at once: what SWD delivers with the next access and JTAG with the next scan. */
  readAp(request: number): number {
    if (!this.#powered()) return 0;
    try {
      return this.#ap?.read(this.#apBank | (request & Request.ADDRESS_MASK)) ?? 0;
    } catch (error) {
      this.#failed(error);
      return 0;
    }
  }

  /** A DP register as a JTAG-DP or an SW-DP reads it; RDBUFF and RESEND are those of SWD. */
  readDp(address: number): number {
    switch (address) {
      case DP.DPIDR:
        return this.version >= 3 ? this.#readBankedId() : this.#options.dpidr;
      case DP.CTRL_STAT:
        return this.#readBank();
      case DP.RESEND:
        return this.#resend;
      default:
        return this.#rdbuff;
    }
  }

  #plainAck(request: number): number {
    if (!this.sticky || ALWAYS_READ.includes(request) || request === DP.ABORT) return Ack.Ok;
    if (this.overrunDetect) this.#ctrlStat |= CTRL_STAT.STICKYORUN;
    return Ack.Fault;
  }

  #readBankedId(): number {
    const { dpidr, basePointer } = this.#options;
    switch (this.#select & 0xf) {
      case 1:
        return ADDRESS_BITS; // DPIDR1.ASIZE
      case 2:
        return basePointer === undefined ? 0 : (basePointer | 1) >>> 0; // BASEPTR0.VALID
      case 3:
        return 0;
      default:
        return dpidr;
    }
  }

  #readBank(): number {
    switch (this.#select & 0xf) {
      case 0: {
        const acks = (this.#ctrlStat & (CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ)) << 1;
        return (this.#ctrlStat | acks) >>> 0;
      }
      case 1:
        return this.version >= 1 ? this.#dlcr | 0x40 : 0; // bit 6 reads as one
      case 2:
        return this.version >= 2 ? (this.#options.targetId ?? 0) : 0;
      case 3:
        return this.version >= 2 ? (((this.#options.instance ?? 0) << 28) | 1) >>> 0 : 0; // SWD protocol version 2
      default:
        return 0;
    }
  }

  #writeDp(address: number, value: number): void {
    switch (address) {
      case DP.ABORT:
        this.abort(value);
        break;
      case DP.CTRL_STAT:
        if ((this.#select & 0xf) === 0) this.#ctrlStat = (this.#ctrlStat & STICKY) | (value & WRITABLE);
        else if ((this.#select & 0xf) === 1 && this.version >= 1) this.#dlcr = value & 0x300;
        else if ((this.#select & 0xf) === 5 && this.version >= 3) {
          this.#select1 = value % 2 ** (ADDRESS_BITS - 32); // what is not implemented is ignored
          this.#selectAp();
        }
        break;
      case DP.SELECT:
        this.#select = value >>> 0;
        this.#selectAp();
        break;
      default: // TARGETSEL means something after a line reset only, which is the business of the line
        break;
    }
  }

  #writeAp(request: number, value: number): void {
    if (!this.#powered()) return;
    try {
      this.#ap?.write(this.#apBank | (request & Request.ADDRESS_MASK), value >>> 0);
    } catch (error) {
      this.#failed(error);
    }
  }

  #selectAp(): void {
    const { accessPorts } = this.#options;
    if (this.version >= 3) {
      this.#ap = this.#select1 === 0 ? accessPorts.get((this.#select & 0xfffff000) >>> 0) : undefined;
      this.#apBank = this.#select & 0xff0;
    } else {
      this.#ap = accessPorts.get(this.#select >>> 24);
      this.#apBank = this.#select & 0xf0;
    }
  }

  /** Without the debug domain no AP answers (IHI 0031 B2.4). */
  #powered(): boolean {
    if (this.#ctrlStat & CTRL_STAT.CDBGPWRUPREQ) return true;
    this.#ctrlStat |= CTRL_STAT.STICKYERR;
    return false;
  }

  #failed(error: unknown): void {
    if (!(error instanceof BusFault)) throw error;
    this.#ctrlStat |= CTRL_STAT.STICKYERR;
  }
}
