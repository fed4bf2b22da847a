import type { DebugConnector, SwdTiming } from '../target/debug-connector.js';
import type { InfoTable } from './info.js';
import type { AnswerWriter, CommandReader } from './packet-cursor.js';
import type { SwoCapture } from './swo-capture.js';

/** DAP_Connect: what the pins are set up for. */
export type DapPortMode = 'disabled' | 'swd' | 'jtag';

/** Device of the JTAG chain, as DAP_JTAG_Configure describes it. */
export interface JtagDevice {
  readonly irLengthBits: number;
  /** Bits of the other devices to be shifted before and after its own. */
  readonly irBefore: number;
  readonly irAfter: number;
}

/** What the firmware knows between two commands: `DAP_Data` of DAP.h, and the board it is wired to. */
export interface DapState {
  readonly connector: DebugConnector;
  readonly info: InfoTable;
  readonly swo: SwoCapture;
  readonly options: DapStateOptions;
  mode: DapPortMode;
  clockHz: number;
  idleCycles: number;
  waitRetry: number;
  matchRetry: number;
  matchMask: number;
  readonly swd: SwdTiming;
  jtagDevices: readonly JtagDevice[];
  /** Levels the probe drives on the pins it has, by the bits of DAP_SWJ_Pins. */
  pins: number;
  /** Bits 0 connected, 1 running: the LEDs of DAP_HostStatus. */
  leds: number;
  /** Time the command takes beyond its own execution: delays and waiting for pins, in microseconds. */
  busyUs: number;
  /** DAP_TransferAbort came. */
  aborted: boolean;
}

export interface DapStateOptions {
  readonly packetSizeBytes: number;
  /** Whether DAP_ResetTarget pulls nRESET; where it does not it says so. */
  readonly resetTarget: boolean;
  /** Timestamps: Hz of the counter, 0 for none. */
  readonly timestampClockHz: number;
  /** Quirk: what loses clock and transfer configuration (EDBG does after a connect). */
  readonly forgetsClockOn: 'connect' | 'swj-sequence' | undefined;
  /** Quirk: transfers of one DAP_Transfer that are executed; the rest is dropped, with ACK OK. */
  readonly maxTransfers: number;
}

export const DEFAULT_CLOCK_HZ = 1_000_000;

/** What a probe forgets, and has after power-up (DAP.c, DAP_Setup). */
export function forgetConfiguration(state: DapState): void {
  state.clockHz = DEFAULT_CLOCK_HZ;
  state.idleCycles = 0;
  state.waitRetry = 100;
  state.matchRetry = 0;
}

/** Executes one command whose id has been read and echoed. */
export type CommandHandler = (state: DapState, request: CommandReader, answer: AnswerWriter) => void;

/** Handlers of one group of commands, by command id. */
export type CommandTable = Readonly<Record<number, CommandHandler>>;

/** Status byte of most answers. */
export const DapStatus = { Ok: 0x00, Error: 0xff } as const;
