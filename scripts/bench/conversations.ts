// What a stock client sends for an operation a person asks for: the requests as recorded (test/fixtures/transcripts),
// and where a recording is shorter than the operation, its own pattern repeated.

import { readTranscript } from '../../test/support/transcript.js';
import { request } from './workloads.js';

/** Words of one read_ap_multiple: the client stops at each 1 KB, where TAR may stop to increment. */
const WORDS_PER_READ = 256;
const RAM = 0x20000000;
const TAR = 0x4;
const DRW = 0xc;
/** How a session of `pyocd cmd` ends: two look-ups of wire_protocol, disconnect, close. */
const LAST_REQUESTS = 4;

/** Request lines by the name of the operation. Every session begins with connecting, and ends with `close`. */
export const conversations: Readonly<Record<string, readonly string[]>> = {
  'connect only': recorded('cmd-status'),
  'read32 of 4 KB': withReads(4),
  'halt, 21 registers': recorded('cmd-reg'),
  'load of 6 KB': recorded('load-elf'),
  'savemem of 64 KB': withReads(64),
  'gdb attach, registers': [...body('cmd-gdbattach'), ...registerReads(), ...tail('cmd-gdbattach')],
  'gdb load': recorded('gdb-load'),
};

function recorded(name: string): string[] {
  return readTranscript(name).map(({ request: line }) => line);
}

function body(name: string): string[] {
  return recorded(name).slice(0, -LAST_REQUESTS);
}

function tail(name: string): string[] {
  return recorded(name).slice(-LAST_REQUESTS);
}

/** `pyocd cmd` that reads memory from the start of RAM: one bracket of lock and unlock, as `savemem` has it. */
function withReads(kilobytes: number): string[] {
  const reads = Array.from({ length: kilobytes }, (_, i) => [
    request('write_ap', TAR, RAM + i * 1024),
    request('read_ap_multiple', DRW, WORDS_PER_READ),
  ]);
  return [...body('cmd-status'), request('lock'), ...reads.flat(), request('unlock'), ...tail('cmd-status')];
}

/** What `reg` adds to `status`. */
function registerReads(): string[] {
  return recorded('cmd-reg').slice(recorded('cmd-status').length - LAST_REQUESTS, -LAST_REQUESTS);
}
