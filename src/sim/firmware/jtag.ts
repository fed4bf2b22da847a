// JTAG_Sequence, JTAG_Configure, JTAG_IDCODE, and the scans that transfers are made of (JTAG_DP.c).

import { bitOf, type Bit } from '../target/bits.js';
import type { DebugConnector } from '../target/debug-connector.js';
import { JtagInstruction } from '../target/jtag-tap.js';
import { DapCommand } from './dap-command.js';
import { DapStatus, type CommandTable, type DapState, type JtagDevice } from './dap-state.js';

const SEQUENCE_CLOCKS = 0x3f;
const SEQUENCE_TMS = 0x40;
const SEQUENCE_TDO = 0x80;

export const jtagCommands: CommandTable = {
  [DapCommand.JtagSequence]: ({ connector }, request, answer) => {
    answer.u8(DapStatus.Ok);
    for (let sequences = request.u8(); sequences > 0; sequences--) {
      const info = request.u8();
      const clocks = info & SEQUENCE_CLOCKS || 64;
      const tms: Bit = info & SEQUENCE_TMS ? 1 : 0;
      const tdi = request.bytes((clocks + 7) >>> 3);
      for (let done = 0; done < Math.min(clocks, tdi.length * 8); done += 8) {
        let byte = 0;
        for (let i = 0; i < Math.min(8, clocks - done); i++) byte |= connector.clockOut(tms, bitOf(tdi, done + i)) << i;
        if (info & SEQUENCE_TDO) answer.u8(byte);
      }
    }
  },

  [DapCommand.JtagConfigure]: (state, request, answer) => {
    const lengths = Array.from({ length: request.u8() }, () => request.u8());
    const total = lengths.reduce((sum, length) => sum + length, 0);
    let irBefore = 0;
    state.jtagDevices = lengths.map((irLengthBits) => {
      const device = { irLengthBits, irBefore, irAfter: total - irBefore - irLengthBits };
      irBefore += irLengthBits;
      return device;
    });
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.JtagIdcode]: (state, request, answer) => {
    const index = request.u8();
    if (state.mode !== 'jtag' || index >= state.jtagDevices.length) {
      answer.u8(DapStatus.Error);
      return;
    }
    scanIr(state.connector, state.jtagDevices[index], JtagInstruction.IDCODE);
    answer.u8(DapStatus.Ok);
    answer.u32(scanIdcode(state, index));
  },
};

/** Loads the instruction of one device; the others get BYPASS. From Run-Test/Idle and back. */
export function scanIr(connector: DebugConnector, device: JtagDevice, instruction: number): void {
  const { irLengthBits, irBefore, irAfter } = device;
  walk(connector, 0b0011, 4); // Select-DR, Select-IR, Capture-IR, Shift-IR
  const bits = irBefore + irLengthBits + irAfter;
  for (let i = 0; i < bits; i++) {
    const own = i - irBefore;
    const tdi: Bit = own >= 0 && own < irLengthBits ? ((instruction >>> own) & 1 ? 1 : 0) : 1;
    connector.clockOut(i === bits - 1 ? 1 : 0, tdi);
  }
  walk(connector, 0b01, 2); // Update-IR, Run-Test/Idle
}

/** What a 35-bit scan of DPACC or APACC brought. */
export interface ScanResult {
  /** In the coding of SWD: JTAG's OK/FAULT is 1, its WAIT 2. */
  ack: number;
  data: number;
}

/**
 * One scan of DPACC, APACC or ABORT. Ends after the ACK unless that is OK, as the reference firmware does.
 *
 * @param request  APnDP (ignored), RnW, A[3:2]
 * @param checked  false: ABORT, whose captured bits mean nothing
 */
export function scanAccess(
  { connector, jtagDevices }: DapState,
  index: number,
  access: { readonly request: number; readonly value: number; readonly checked: boolean },
  result: ScanResult,
): void {
  const after = jtagDevices.length - index - 1;
  toShiftDr(connector, index);
  const b0 = connector.clockOut(0, (access.request >>> 1) & 1 ? 1 : 0);
  const b1 = connector.clockOut(0, (access.request >>> 2) & 1 ? 1 : 0);
  const b2 = connector.clockOut(0, (access.request >>> 3) & 1 ? 1 : 0);
  result.ack = (b0 << 1) | b1 | (b2 << 2);
  if (access.checked && result.ack !== 1) {
    walk(connector, 0b011, 3); // Exit1-DR, Update-DR, Run-Test/Idle
    return;
  }
  let data = 0;
  for (let i = 0; i < 32; i++) {
    const tdi: Bit = (access.value >>> i) & 1 ? 1 : 0;
    data |= connector.clockOut(i === 31 && after === 0 ? 1 : 0, tdi) << i;
  }
  for (let i = 0; i < after; i++) connector.clockOut(i === after - 1 ? 1 : 0);
  result.data = data >>> 0;
  walk(connector, 0b01, 2);
}

function scanIdcode({ connector, jtagDevices }: DapState, index: number): number {
  toShiftDr(connector, index);
  const after = jtagDevices.length - index - 1;
  let data = 0;
  for (let i = 0; i < 32; i++) data |= connector.clockOut(i === 31 && after === 0 ? 1 : 0) << i;
  for (let i = 0; i < after; i++) connector.clockOut(i === after - 1 ? 1 : 0);
  walk(connector, 0b01, 2);
  return data >>> 0;
}

function toShiftDr(connector: DebugConnector, bypassBits: number): void {
  walk(connector, 0b001, 3); // Select-DR, Capture-DR, Shift-DR
  for (let i = 0; i < bypassBits; i++) connector.clockOut(0);
}

/** TMS levels, least significant bit first, with TDI high. */
function walk(connector: DebugConnector, tms: number, clocks: number): void {
  for (let i = 0; i < clocks; i++) connector.clockOut((tms >>> i) & 1 ? 1 : 0);
}
