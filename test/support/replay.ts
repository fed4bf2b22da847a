// Replays recorded conversations of the stock client with pyOCD's own server, and compares reply by reply. What is
// comparable is said in test/fixtures/transcripts/README.md.

import assert from 'node:assert/strict';
import { DapTracker, type MemoryAccess, type Request } from './dap-tracker.js';
import { DeferredErrors } from './deferred-errors.js';
import { type Reply, TestClient } from './test-client.js';
import { readTranscript } from './transcript.js';

const RAM = { start: 0x20000000, end: 0x20040000 };
/** Core registers pass through it: their values depend on code that runs. */
const DCRDR = 0xe000edf8;
const DHCSR = 0xe000edf0;
const DWT_CTRL = 0xe0001000;
/** The recorded board kept whatever was written to bit 0, where an Armv6-M part has nothing. */
const DWT_CTRL_STABLE = 0xfffffffe;
/** The recorded board did not clear it with a reset, as the part does (RM0091 6.4.7). */
const RCC_APB2ENR = 0x40021018;
/** S_RETIRE_ST and S_RESET_ST of DHCSR depend on how far the core has come. */
const DHCSR_STABLE = 0xfcffffff;
const C_HALT = 0x2;
const S_HALT = 0x20000;
const DFSR = 0xe000ed30;
/** Status of an access that was made and refused. */
const FAULT = 12;
/** A flash algorithm takes its time: so often is a core that was recorded as halted looked at again. */
const MAX_LOOKS = 1000;

/** A recording, and in which state its board was: what another recorded conversation leaves behind. */
export interface Recording {
  readonly name: string;
  readonly after?: string;
  /** Recorded while another client's connection was still open: pyOCD's server had lost track of one that died. */
  readonly besideAnother?: boolean;
  /**
   * The request that lets a program run. The recorded board executed no instructions: it said at once that a breakpoint
   * was hit, and from there on our core is somewhere else.
   */
  readonly imaginedFrom?: number;
  /** A write that fails is told at once by a server that executes it, and later by one that posts it. */
  readonly writes?: 'posted' | 'synchronous';
  /**
   * The requests that fail here and did not there: the `flush` that tells the error of a posted write, where pyOCD's own
   * let it pass, and the write behind it, for the sticky flag is not cleared yet.
   */
  readonly toldAt?: readonly number[];
}

export const recordings: readonly Recording[] = [
  { name: 'cmd-status' },
  { name: 'cmd-reg', after: 'cmd-status' },
  { name: 'cmd-read32', after: 'cmd-reg' },
  { name: 'cmd-write32', after: 'cmd-reg' },
  { name: 'cmd-rw8-16', after: 'cmd-status' },
  { name: 'cmd-fault', after: 'cmd-status' },
  { name: 'cmd-write-fault', writes: 'synchronous' },
  { name: 'cmd-write-fault-posted', writes: 'posted', toldAt: [156, 158] },
  { name: 'cmd-reset', after: 'cmd-reg' },
  { name: 'cmd-show', after: 'cmd-status' },
  { name: 'cmd-savemem', after: 'cmd-reg', besideAnother: true },
  { name: 'cmd-gdbattach', after: 'cmd-status' },
  { name: 'cmd-under-reset', after: 'cmd-status', besideAnother: true },
  { name: 'cmd-jtag' },
  { name: 'reset' },
  { name: 'reset-hw' },
  { name: 'cmd-halt-step', after: 'cmd-status' },
  { name: 'load-elf', after: 'cmd-status' },
  { name: 'erase-sector', after: 'load-elf' },
  { name: 'flash-elf', after: 'load-elf' },
  { name: 'gdb-session', imaginedFrom: 2444 },
  { name: 'gdb-load', after: 'gdb-session' },
  { name: 'rtt' },
];

/**
 * Replays a recording, after those that its board had been through when it was made.
 *
 * @param port    of a probe whose board has just been powered
 * @param direct  the probe's own port, where `port` is a helper's
 */
export async function replayRecording(name: string, port: number, direct = port): Promise<void> {
  const isHelped = port !== direct;
  for (const earlier of conversationsBefore(name)) await replay(earlier, port, isHelped);
  await using other = await TestClient.connect(direct);
  if (recordings.find((recording) => recording.name === name)?.besideAnother) {
    await other.result('open');
    await other.result('connect', 'SWD');
  }
  await replay(name, port, isHelped);
}

/** What a recording's board has been through, oldest first. */
function conversationsBefore(name: string): string[] {
  const earlier = recordings.find((recording) => recording.name === name)?.after;
  return earlier === undefined ? [] : [...conversationsBefore(earlier), earlier];
}

/** Sends every recorded request, and compares every reply. */
async function replay(name: string, port: number, isHelped: boolean): Promise<void> {
  await using client = await TestClient.connect(port);
  const tracker = new DapTracker();
  const deferred = new DeferredErrors();
  const written = new Map<number, number>();
  const { imaginedFrom = Infinity, toldAt = [] } = recordings.find((recording) => recording.name === name) ?? {};
  let setsTar = '';
  for (const { request: line, reply: recordedLine } of readTranscript(name)) {
    const request = JSON.parse(line) as Request;
    const recorded = JSON.parse(recordedLine) as Reply;

    if (tracker.writesTar(request)) setsTar = line;
    let gotLine = await client.line(line);
    let reply = JSON.parse(gotLine) as Reply;
    const isImagined = Number(recorded.id) >= imaginedFrom;
    const isHalted = (result: unknown): boolean => (Number(result) & S_HALT) !== 0;
    if (tracker.reads(DHCSR, request) && isHalted(recorded.result) && !isImagined) {
      for (let looks = 0; looks < MAX_LOOKS && !isHalted(reply.result); looks++) {
        await client.line(setsTar);
        gotLine = await client.line(line);
        reply = JSON.parse(gotLine) as Reply;
      }
    }

    const lines = [line, `recorded: ${recordedLine}`, `got: ${gotLine}`].map((text) => text.slice(0, 200)).join('\n  ');
    assert.equal(reply.id, recorded.id, lines);
    const isToldHere = toldAt.includes(Number(reply.id));
    const status = isToldHere ? FAULT : recorded.status;
    if (isHelped && !deferred.isItsOwn(request, reply, status)) {
      tracker.note(request);
      continue;
    }
    assert.equal(reply.status, status, lines);
    if (isToldHere) continue;
    assert.equal('result' in reply, 'result' in recorded, lines);
    if (tracker.readsCsw(request) && !tracker.knowsCsw) continue;
    const access = tracker.note(request);
    const [got, expected] = [reply.result, recorded.result].map((r) =>
      comparable(request, r, access, { written, isImagined }),
    );
    assert.deepEqual(got, expected, lines);
    if (access?.kind !== 'write') continue;
    access.addresses.forEach((address, i) => written.set(address, access.words[i]));
    // The core goes on: what it makes of RAM the recorded board could not know.
    if (access.addresses[0] === DHCSR && !(access.words[0] & C_HALT)) written.clear();
  }
  deferred.assertTold();
}

interface Circumstances {
  /** Memory words that the client has written since the core last ran. */
  readonly written: ReadonlyMap<number, number>;
  readonly isImagined: boolean;
}

/** A result with what cannot be the same twice taken out. */
function comparable(
  request: Request,
  result: unknown,
  access: MemoryAccess | undefined,
  circumstances: Circumstances,
): unknown {
  const [name] = request.arguments ?? [];
  if (request.request === 'readprop' && name === 'capabilities') {
    // The recorded server announced PIN_ACCESS, which its own client cannot use.
    return (result as string[]).filter((capability) => capability !== 'PIN_ACCESS').sort();
  }
  if (request.request === 'readprop' && (name === 'vendor_name' || name === 'product_name')) return typeof result;
  if (access?.kind !== 'read' || result === undefined) return result;
  const words = Array.isArray(result) ? (result as number[]) : [Number(result)];
  return words.map((word, i) => comparableWord(word, access.addresses[i], circumstances));
}

function comparableWord(word: number, address: number, { written, isImagined }: Circumstances): unknown {
  if (address >= RAM.start && address < RAM.end && !written.has(address)) return typeof word; // random at power-on, or a program's
  if (address === DCRDR || address === RCC_APB2ENR) return typeof word;
  if (address === DWT_CTRL) return (word & DWT_CTRL_STABLE) >>> 0;
  if (address === DHCSR) return (word & DHCSR_STABLE & ~(isImagined ? S_HALT | C_HALT : 0)) >>> 0;
  if (address === DFSR && isImagined) return typeof word;
  return word;
}
