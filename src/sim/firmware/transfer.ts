// TransferConfigure, Transfer, TransferBlock, WriteABORT: DAP.c step by step, for both wires.

import { Request } from '../target/access-faults.js';
import { DapCommand } from './dap-command.js';
import { DapStatus, type CommandTable, type DapState } from './dap-state.js';
import type { AnswerWriter, CommandReader } from './packet-cursor.js';
import { JtagLink, READ_RDBUFF, SwdLink, type TransferLink } from './transfer-link.js';

const MATCH_VALUE = 0x10;
const MATCH_MASK = 0x20;
const TIMESTAMP = 0x80;
const OK = 1;
const MISMATCH = 0x10;

export const transferCommands: CommandTable = {
  [DapCommand.TransferConfigure]: (state, request, answer) => {
    state.idleCycles = request.u8();
    state.waitRetry = request.u16();
    state.matchRetry = request.u16();
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.Transfer]: (state, request, answer) => {
    const link = openLink(state, request.u8());
    const count = request.u8();
    const at = answer.length;
    answer.u16(0); // count and response
    if (!link) {
      skipTransfers(request, count);
      return;
    }
    const { executed, response } = transfer(state, link, Math.min(count, state.options.maxTransfers), request, answer);
    skipTransfers(request, count - Math.min(count, state.options.maxTransfers));
    answer.patch(at, executed);
    answer.patch(at + 1, response);
  },

  [DapCommand.TransferBlock]: (state, request, answer) => {
    const link = openLink(state, request.u8());
    const count = request.u16();
    const kind = request.u8();
    const at = answer.length;
    answer.u16(0);
    answer.u8(0);
    if (!link || count === 0) return;
    const read = (kind & Request.READ) !== 0;
    const { executed, response } = read ? readBlock(link, count, kind, answer) : writeBlock(link, count, kind, request);
    answer.patch(at, executed & 0xff);
    answer.patch(at + 1, executed >>> 8);
    answer.patch(at + 2, response);
  },

  [DapCommand.WriteAbort]: (state, request, answer) => {
    const link = openLink(state, request.u8());
    const value = request.u32();
    if (link instanceof JtagLink) link.abort(value);
    else link?.access(0, value);
    answer.u8(link ? DapStatus.Ok : DapStatus.Error);
  },
};

interface Outcome {
  /** Transfers completed. */
  readonly executed: number;
  /** The response byte: ACK, protocol error, value mismatch. */
  readonly response: number;
}

function openLink(state: DapState, index: number): TransferLink | undefined {
  state.aborted = false;
  switch (state.mode) {
    case 'swd':
      return new SwdLink(state);
    case 'jtag':
      return index < state.jtagDevices.length ? new JtagLink(state, index) : undefined;
    case 'disabled':
      return undefined;
  }
}

function transfer(
  state: DapState,
  link: TransferLink,
  count: number,
  request: CommandReader,
  answer: AnswerWriter,
): Outcome {
  let executed = 0;
  let response = 0;
  let posted: number | undefined;
  let checkWrite = false;
  let left = count;
  while (left > 0) {
    left--;
    const kind = request.u8();
    const read = (kind & Request.READ) !== 0;
    const matches = read && (kind & MATCH_VALUE) !== 0;
    let chained = false;
    if (posted !== undefined) {
      // The data of the read before come with this read, or are fetched first.
      chained = read && !matches && link.chains(posted, kind);
      response = link.access(chained ? kind : READ_RDBUFF, 0);
      posted = chained ? kind : undefined;
      if (response !== OK) {
        if (!read || matches) request.u32();
        break;
      }
      answer.u32(link.data);
      if (chained) writeTimestamp(state, kind, answer);
    }
    if (matches) {
      response = readMatching(state, link, kind, request.u32());
      if (response !== OK) break;
      checkWrite = false;
    } else if (read) {
      if (!chained) {
        response = link.access(kind, 0);
        if (response !== OK) break;
        writeTimestamp(state, kind, answer);
        if (link.posts(kind)) posted = kind;
        else answer.u32(link.data);
      }
      checkWrite = false;
    } else {
      const value = request.u32();
      if (kind & MATCH_MASK) {
        state.matchMask = value;
        response = OK;
      } else {
        response = link.access(kind, value);
        if (response !== OK) break;
        writeTimestamp(state, kind, answer);
        checkWrite = true;
      }
    }
    executed++;
    if (state.aborted) break;
  }
  skipTransfers(request, left);
  if (response === OK) {
    if (posted !== undefined) {
      response = link.access(READ_RDBUFF, 0);
      if (response === OK) answer.u32(link.data);
    } else if (checkWrite || link.checksWithoutWrite) response = link.access(READ_RDBUFF, 0);
  }
  return { executed, response };
}

function readMatching(state: DapState, link: TransferLink, kind: number, value: number): number {
  if (link.posts(kind)) {
    const ack = link.access(kind, 0);
    if (ack !== OK) return ack;
  }
  for (let retry = state.matchRetry; ; retry--) {
    const ack = link.access(kind, 0);
    if (ack !== OK) return ack;
    if ((link.data & state.matchMask) >>> 0 === value) return OK;
    if (retry <= 0 || state.aborted) return ack | MISMATCH;
  }
}

function readBlock(link: TransferLink, count: number, kind: number, answer: AnswerWriter): Outcome {
  const posts = link.posts(kind);
  let response = posts ? link.access(kind, 0) : OK;
  let executed = 0;
  for (; executed < count && response === OK; executed++) {
    response = link.access(posts && executed === count - 1 ? READ_RDBUFF : kind, 0);
    if (response !== OK) break;
    answer.u32(link.data);
  }
  return { executed, response };
}

function writeBlock(link: TransferLink, count: number, kind: number, request: CommandReader): Outcome {
  let response = OK;
  let executed = 0;
  for (; executed < count; executed++) {
    response = link.access(kind, request.u32());
    if (response !== OK) {
      request.bytes(4 * (count - executed - 1));
      return { executed, response };
    }
  }
  return { executed, response: link.access(READ_RDBUFF, 0) };
}

/** Reads over requests that are not executed, so that the next command of the packet is found. */
function skipTransfers(request: CommandReader, count: number): void {
  for (let i = 0; i < count; i++) {
    const kind = request.u8();
    if (!(kind & Request.READ) || kind & MATCH_VALUE) request.u32();
  }
}

/** The counter runs with SWCLK: good enough for its order and its width. */
function writeTimestamp(state: DapState, kind: number, answer: AnswerWriter): void {
  const { timestampClockHz } = state.options;
  if (timestampClockHz === 0 || !(kind & TIMESTAMP)) return;
  answer.u32(Math.floor((state.connector.clocks / state.clockHz) * timestampClockHz) >>> 0);
}
