// What the daemon can do with an opened probe, whatever its make. Drivers implement it; sharing/ uses it.

import type { BitString } from '../dap/bit-string.js';
import type { ApAddress, DpAddress } from '../dap/registers.js';
import type { RequestedProtocol, WireProtocol } from '../dap/wire-protocol.js';

export interface ProbeIdentity {
  /** What the probe is known by: its serial number, or a name made of its USB port path. */
  readonly uid: string;
  readonly vendor: string;
  readonly product: string;
  /** The driver's name, "cmsis-dap". */
  readonly family: string;
}

/**
 * An opened probe. All methods are called one at a time: whoever holds the probe queues.
 *
 * A signal stops an operation from starting, never half-way: an exchange with the probe is always completed.
 *
 * Errors of every method: `ProbeDisconnectedError`, `ProbeError`; of those that touch the target also `TransferError`
 * and its subclasses.
 */
export interface Probe extends AsyncDisposable {
  readonly identity: ProbeIdentity;
  /** Aborts when the probe has left. Nothing works from then on, whoever has heard of it. */
  readonly gone: AbortSignal;
  /** What the last open learnt, for `show`: firmware version, packet size and count, capability names. */
  readonly details: Readonly<Record<string, string | number | readonly string[]>>;
  readonly wireProtocols: readonly WireProtocol[];
  readonly dap: PostingDapPort;
  // An ability is there or it is not: no flag can disagree.
  readonly swd?: SwdPort;
  readonly jtag?: JtagPort;
  readonly swo?: SwoPort;

  /** Drives the pins of `protocol` and remembers it; sends nothing to the target. @returns the protocol chosen */
  connect(protocol: RequestedProtocol, signal: AbortSignal): Promise<WireProtocol>;
  /** Lets go of the pins. */
  disconnect(signal: AbortSignal): Promise<void>;
  /** The clock it has when it is opened, and keeps until `setClock`, in Hz. */
  readonly initialClockHz: number;
  /** Remembered when the probe is not connected, and applied by `connect`. */
  setClock(frequencyHz: number, signal: AbortSignal): Promise<void>;
  /** Clocks out 1 … 256 bits on SWDIO/TMS. Absent where the probe manages the protocol itself. */
  swjSequence?(sequence: BitString, signal: AbortSignal): Promise<void>;
  /** Drives nRESET: asserted is low. */
  setReset(asserted: boolean, signal: AbortSignal): Promise<void>;
  /** The level of the nRESET pin: true while it is low, whoever pulls it. */
  readReset(signal: AbortSignal): Promise<boolean>;
}

/** DP and AP registers. Full addresses in; the driver owns the physical `SELECT` and sets it when it differs. */
export interface DapPort {
  /**
   * Reads one DP register.
   * @param address  with its bank. Reading DPIDR never writes `SELECT` first after a sequence: after a line reset nothing
   *                 else is allowed (IHI 0031 B4.3.4)
   * @returns        0 … 2^32-1
   */
  readDp(address: DpAddress, signal: AbortSignal): Promise<number>;
  /** Writes one DP register other than SELECT and SELECT1. @param value 0 … 2^32-1 */
  writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void>;
  /**
   * Reads one AP register `count` times. With DRW, TAR advances if CSW says so.
   * @param count  1 … 65535 words; split into packets by the driver
   * @returns      `count` words in read order
   * @throws TransferFaultError  the words before the fault are discarded
   */
  readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array>;
  /** Writes `values` to one AP register, in order. @param values 1 … 65535 words */
  writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void>;
  /** Returns when every write made before it has reached the target; throws their error if one was late. */
  flush(signal: AbortSignal): Promise<void>;
}

/**
 * The registers as a driver gives access to them. Writes may be posted: acknowledged when they are queued. They leave in
 * order, with the next call that has to wait for the target or with `flush`. If one fails, the error names its access
 * and is thrown by the call that sent it; the writes behind it are dropped, and so is that call's own access.
 */
export interface PostingDapPort extends DapPort {
  /** Whether writes are posted at all. */
  readonly postsWrites: boolean;
  /** The number of the batch of writes that waits to be sent; the next batch has another. Undefined: nothing waits. */
  readonly postedBatch: number | undefined;
  /** Counts accesses, sent or not: the place of the last one. */
  readonly posted: number;
  /** The place up to which all were executed, as the target's answers have told. */
  readonly confirmed: number;
  /** Whether an error tells which access was refused (`AccessName.refusedAt`). Over JTAG none does. */
  readonly namesRefused: boolean;
}

/** One piece of an SWD sequence: bits driven by the host, or clocks during which the target drives SWDIO. */
export type SwdSequence =
  | { readonly direction: 'output'; readonly sequence: BitString }
  | { readonly direction: 'input'; readonly lengthBits: number };

export interface SwdPort {
  /** Runs the pieces in order, each 1 … 64 clocks. @returns the bits of the input pieces, in order */
  sequence(pieces: readonly SwdSequence[], signal: AbortSignal): Promise<readonly BitString[]>;
}

/** Clocks with TMS held, and TDI driven. */
export interface JtagSequence {
  readonly tms: 0 | 1;
  readonly readTdo: boolean;
  /** 1 … 64 bits; its length is the number of clocks. */
  readonly tdi: BitString;
}

export interface JtagPort {
  /** @returns the TDO bits, where `readTdo` asks for them */
  sequence(sequence: JtagSequence, signal: AbortSignal): Promise<BitString | undefined>;
}

export interface SwoPort {
  /** Starts capturing. @throws ProbeError if the probe refuses the baud rate */
  start(baudRate: number, signal: AbortSignal): Promise<void>;
  stop(signal: AbortSignal): Promise<void>;
  /** What was captured since the last read, possibly nothing. Does not wait for more. */
  read(signal: AbortSignal): Promise<Uint8Array>;
}
