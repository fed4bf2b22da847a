// What a client has done to the wire with bit sequences, as the debug port at the other end understands it: line
// resets, changes of protocol, dormant state, the choice of a target (IHI 0031 B4.3 and B5).

import { bitString, type BitString } from '../dap/bit-string.js';
import { LINE_RESET_CLOCKS } from '../dap/line-reset.js';
import type { WireProtocol } from '../dap/wire-protocol.js';
import type { JtagSequence, SwdSequence } from '../probe/probe.js';
import { withParity } from '../probe/target-sel.js';

/**
 * joined: nothing was sent; the wire is as others have left it. ready: accesses are answered. fresh: after a line reset,
 * DPIDR or TARGETSEL has to come first. lost: nothing but a line reset is understood. dormant: nothing but the selection
 * alert is. alerted: the activation code is to follow.
 */
export type LineState = 'joined' | 'ready' | 'fresh' | 'lost' | 'dormant' | 'alerted';

export interface Line {
  readonly state: LineState;
  readonly protocol: WireProtocol;
  /** What TARGETSEL was written with; undefined: the one debug port, or all. */
  readonly selection: number | undefined;
  /**
   * Where it is dormant or alerted: it may just as well be awake, since what has led there may have meant nothing to it: a
   * sequence of the other protocol, or an alert while awake.
   */
  readonly mayBeAwake: boolean;
  /** Ones with which the last sequence ended. */
  readonly ones: number;
  /** With what it ended that the next one may complete: the beginning of an alert or an activation code. */
  readonly begun?: BitString;
}

/** JTAG: TMS high for so long ends in Test-Logic-Reset. */
const TAP_RESET_CLOCKS = 5;

// All least significant bit first; IHI 0031 B5.2 and B5.3.
const JTAG_TO_SWD = 0xe79en;
const SWD_TO_JTAG = 0xe73cn;
const SWD_TO_DORMANT = 0xe3bcn;
const SWITCH_CLOCKS = 16;
const JTAG_TO_DORMANT = 0x33bbbbban;
const JTAG_TO_DORMANT_CLOCKS = 31;
const SELECTION_ALERT = 0x19bc0ea2_e3ddafe9_86852d95_6209f392n;
const ALERT_CLOCKS = 128;
/** Four zeros and the code. */
const ACTIVATE_SWD = 0x1a0n;
const ACTIVATE_JTAG = 0x0a0n;
const ACTIVATION_CLOCKS = 12;
/** Clients may send an alert in words; less of it may be anything, idle clocks above all. */
const PIECE_CLOCKS = 32;

/** A write of TARGETSEL as pieces: header, an ACK that nobody drives, data and parity (IHI 0031 B4.3.4). */
const TARGETSEL_HEADER = 0x99n;
const HEADER_CLOCKS = 8;
const UNDRIVEN_ACK_CLOCKS = 5;
const DATA_CLOCKS = 33;

/** The line of a client that has just joined. */
export function joinedLine(protocol: WireProtocol, selection?: number): Line {
  return { state: 'joined', protocol, selection, mayBeAwake: false, ones: 0 };
}

/** @returns the line after a sequence on SWDIO/TMS; undefined: there is something in it that is not understood */
export function afterSequence({ begun = NOTHING, ...line }: Line, sequence: BitString): Line | undefined {
  const bits = begun.bits | (sequence.bits << BigInt(begun.lengthBits));
  const lengthBits = begun.lengthBits + sequence.lengthBits;
  let after: Line | undefined = line;
  let at = 0;
  while (after && at < lengthBits) {
    const step = nextToken(after, bits >> BigInt(at), lengthBits - at);
    after = step?.line;
    at += step?.clocks ?? 0;
  }
  return after;
}

const NOTHING = bitString(0, 0n);

/** As `afterSequence`, for pieces of SWD: line resets in the pieces that are driven, and writes of TARGETSEL. */
export function afterSwd(line: Line, pieces: readonly SwdSequence[]): Line | undefined {
  let after: Line | undefined = line;
  for (let i = 0; after && i < pieces.length; i++) {
    const piece = pieces[i];
    const selection = targetSelAt(pieces, i);
    if (selection !== undefined) {
      after = afterTargetSel(after, selection);
      i += 2;
    } else after = piece.direction === 'output' ? afterSequence(after, piece.sequence) : undefined;
  }
  return after;
}

/** As `afterSequence`, for clocks with TMS held: to Test-Logic-Reset and on to Run-Test/Idle, and nothing else. */
export function afterJtag(line: Line, { tms, readTdo, tdi }: JtagSequence): Line | undefined {
  if (readTdo || line.protocol !== 'JTAG') return undefined;
  if (tms === 0) return broughtTo(line, line.state);
  const ones = line.ones + tdi.lengthBits;
  return ones >= TAP_RESET_CLOCKS ? { ...broughtTo(line, 'ready'), ones } : undefined;
}

/** The line after TARGETSEL: it means something right after a line reset only. */
export function afterTargetSel(line: Line, value: number): Line {
  // Bit 0 should be one: a target that ignores it is the same whatever it is.
  const selection = (value | 1) >>> 0;
  return line.state === 'fresh' ? { ...broughtTo(line, 'ready'), selection } : broughtTo(line, line.state);
}

/** The line after something else than a sequence, which none goes on from. */
export function broughtTo({ protocol, selection, mayBeAwake }: Line, state: LineState): Line {
  return { state, protocol, selection, mayBeAwake, ones: 0 };
}

/** Line reset and idle clocks; JTAG: to Run-Test/Idle by way of Test-Logic-Reset. */
export const lineReset: Readonly<Record<WireProtocol, BitString>> = {
  SWD: { lengthBits: 59, bits: 2n ** 51n - 1n },
  JTAG: { lengthBits: 9, bits: 0xffn },
};

/** Out of dormant state; behind an alert the ones in front are a code for nobody, which leads back to it. */
export const wakeUp: Readonly<Record<WireProtocol, BitString>> = {
  SWD: alertThen(ACTIVATE_SWD),
  JTAG: alertThen(ACTIVATE_JTAG),
};

function alertThen(code: bigint): BitString {
  const ones = bitString(ACTIVATION_CLOCKS, -1n).bits;
  const sequence = (((code << BigInt(ALERT_CLOCKS)) | SELECTION_ALERT) << BigInt(ACTIVATION_CLOCKS)) | ones;
  return bitString(ACTIVATION_CLOCKS + ALERT_CLOCKS + ACTIVATION_CLOCKS, sequence);
}

interface Token {
  readonly line: Line;
  readonly clocks: number;
}

function nextToken(line: Line, bits: bigint, left: number): Token | undefined {
  const next = (clocks: number): bigint | undefined => (left >= clocks ? BigInt.asUintN(clocks, bits) : undefined);
  const begun = (): Token => ({ line: { ...line, begun: bitString(left, bits) }, clocks: left });
  if (line.state === 'alerted') return left < ACTIVATION_CLOCKS ? begun() : activation(line, next(ACTIVATION_CLOCKS));
  if (next(ALERT_CLOCKS) === SELECTION_ALERT) {
    const mayBeAwake = line.state !== 'dormant' || line.mayBeAwake;
    return { line: { ...line, state: 'alerted', mayBeAwake }, clocks: ALERT_CLOCKS };
  }
  if (left >= PIECE_CLOCKS && bits === BigInt.asUintN(left, SELECTION_ALERT)) return begun();
  if (line.state === 'dormant') {
    const code = line.protocol === 'SWD' ? SWD_TO_JTAG : JTAG_TO_SWD;
    if (line.mayBeAwake && next(SWITCH_CLOCKS) === code) return undefined; // it may listen to either then
    return { line, clocks: 1 };
  }
  if (bits & 1n) return onesOf(line, bits, left);

  if (line.ones >= LINE_RESET_CLOCKS) {
    const switched = afterSwitch(line, next(SWITCH_CLOCKS));
    if (switched) return { line: switched, clocks: SWITCH_CLOCKS };
  }
  if (line.ones >= TAP_RESET_CLOCKS && next(JTAG_TO_DORMANT_CLOCKS) === JTAG_TO_DORMANT) {
    return { line: asleep(line, 'JTAG'), clocks: JTAG_TO_DORMANT_CLOCKS };
  }
  return { line: { ...line, ones: 0 }, clocks: 1 };
}

function onesOf(line: Line, bits: bigint, left: number): Token | undefined {
  let run = 1;
  while (run < left && (bits >> BigInt(run)) & 1n) run++;
  const ones = line.ones + run;
  if (line.protocol === 'JTAG') {
    // Fewer walk through states of the TAP that we do not follow.
    if (ones < TAP_RESET_CLOCKS && run < left) return undefined;
    return { line: { ...line, state: 'ready', ones }, clocks: run };
  }
  if (ones >= LINE_RESET_CLOCKS) return { line: { ...line, state: 'fresh', selection: undefined, ones }, clocks: run };
  // A few ones lead in an alert, or go on in the next sequence; else they begin a packet.
  const rest = { line: { ...line, ones }, clocks: run };
  if (run === left) return rest;
  const following = nextToken({ ...line, ones: TAP_RESET_CLOCKS }, bits >> BigInt(run), left - run);
  return following && (following.line.state !== line.state || following.line.begun) ? rest : undefined;
}

function afterSwitch(line: Line, code: bigint | undefined): Line | undefined {
  switch (code) {
    case JTAG_TO_SWD:
      return { ...line, state: 'lost', protocol: 'SWD', ones: 3 }; // it ends with three ones
    case SWD_TO_JTAG:
      return { ...line, state: 'ready', protocol: 'JTAG', ones: 3 };
    case SWD_TO_DORMANT:
      return asleep(line, 'SWD');
    default:
      return undefined;
  }
}

/** @param understands  what it has to listen to for that */
function asleep(line: Line, understands: WireProtocol): Line {
  return { ...line, state: 'dormant', mayBeAwake: line.protocol !== understands, ones: 0 };
}

function activation(line: Line, code: bigint | undefined): Token | undefined {
  switch (code) {
    case ACTIVATE_SWD:
      return activated(line, 'SWD');
    case ACTIVATE_JTAG:
      return activated(line, 'JTAG');
    default: // meant for another debug port
      return { line: { ...line, state: 'dormant', ones: 0 }, clocks: ACTIVATION_CLOCKS };
  }
}

function activated(line: Line, protocol: WireProtocol): Token | undefined {
  if (line.mayBeAwake && line.protocol !== protocol) return undefined; // it may listen to either now
  const state = protocol === 'SWD' ? 'lost' : 'ready';
  return { line: { ...line, state, protocol, mayBeAwake: false, ones: 0 }, clocks: ACTIVATION_CLOCKS };
}

function targetSelAt(pieces: readonly SwdSequence[], at: number): number | undefined {
  const [header, ack, data] = pieces.slice(at, at + 3);
  const isTargetSel =
    pieces.length >= at + 3 &&
    header.direction === 'output' &&
    header.sequence.lengthBits === HEADER_CLOCKS &&
    header.sequence.bits === TARGETSEL_HEADER &&
    ack.direction === 'input' &&
    ack.lengthBits === UNDRIVEN_ACK_CLOCKS &&
    data.direction === 'output' &&
    data.sequence.lengthBits === DATA_CLOCKS;
  if (!isTargetSel) return undefined;
  const value = Number(BigInt.asUintN(32, data.sequence.bits));
  return data.sequence.bits === withParity(value) ? value : undefined;
}

/** What comes back from an absorbed sequence. */
export function undriven(pieces: readonly SwdSequence[]): readonly BitString[] {
  return pieces.flatMap((piece) => (piece.direction === 'input' ? [bitString(piece.lengthBits, -1n)] : []));
}
