// A client of the checker that is behind a helper of its own, which a slow network parts from the server of the probe: the
// requests of a burst arrive together, when their client waits, or when it is somebody else's turn.

import { once } from 'node:events';
import type { Clock } from '../../../src/base/clock.js';
import { Accelerator } from '../../../src/client/accelerator.js';
import { RequestPolicy } from '../../../src/client/request-policy.js';
import { encodeJson } from '../../../src/jsonl/encode-json.js';
import { targetSelPieces } from '../../../src/probe/target-sel.js';
import type { ProbeRequestName } from '../../../src/protocol/request-names.js';
import { settle } from '../../support/fake-clock.js';
import { type Reply, TestClient } from '../../support/test-client.js';
import { HeldStream } from './held-stream.js';
import type { Outcome } from './outcome.js';
import type { RawSequence, Realm, Step } from './step.js';

type Request = readonly [name: ProbeRequestName, ...args: unknown[]];
type MemoryStep = Step & { readonly do: 'readMemory' | 'writeMemory' };

/** In real time: what is answered at once is not under way so long. */
const OVERDUE_MS = 5000;

/** What the helper puts before the error of a request that it has answered with success. */
const EARLIER = /^from an earlier (\w+): /;

export class HelpedClient implements AsyncDisposable {
  #ahead: readonly string[] = [];
  #handle: number | undefined;
  #nextId = 0;
  readonly #policy = new RequestPolicy();

  private constructor(
    private readonly helper: Accelerator,
    private readonly client: TestClient,
    private readonly network: HeldStream,
  ) {}

  static async connect(port: number, clock: Clock): Promise<HelpedClient> {
    const network = await HeldStream.connect(port);
    const endpoint = { name: 'the checker', open: () => Promise.resolve(network) };
    const helper = await Accelerator.listen({ endpoint, clock, prods: true });
    return new HelpedClient(helper, await TestClient.connect(helper.port), network);
  }

  get hasHandle(): boolean {
    return this.#handle !== undefined;
  }

  get isUnderWay(): boolean {
    return this.network.unanswered > 0;
  }

  /** The names of the step's requests, if they were answered before they had reached the server. */
  get ahead(): readonly string[] {
    return this.#ahead;
  }

  /** What is under way arrives, and what becomes of it comes back. */
  settle(): Promise<void> {
    return this.network.release();
  }

  /** @param isErrorKnown  the helper has an error to tell: whatever may tell it waits */
  async play(realm: Realm, step: Step, isErrorKnown: boolean): Promise<Outcome> {
    switch (step.do) {
      case 'raw':
        return this.#raw(step);
      case 'readMemory':
      case 'writeMemory':
        return this.#memory(realm, step, isErrorKnown);
      case 'leave':
        return this.#all([step.by]);
      case 'return':
        return this.#all(...(step.by === 'close' ? [['open'] as const] : []), ['connect', realm.protocol]);
      default:
        return outcomeOf(step, await this.#request(requestOf(step), isErrorKnown));
    }
  }

  /** As part of the same step. */
  async flush(): Promise<void> {
    const ahead = this.#ahead;
    await this.#request(['flush']);
    this.#ahead = [...ahead, ...this.#ahead];
  }

  /** The first thing that every client does. */
  begin({ protocol }: Realm): Promise<Outcome> {
    return this.#all(['hello', 1], ['open'], ['connect', protocol]);
  }

  /**
   * Ends without waiting for what is under way. Of a client that is killed the kernel closes the socket, or resets it if
   * there was something to read; or it is the helper that ends.
   */
  async die(during: Step | undefined): Promise<void> {
    const { unanswered } = this.network;
    if (during) this.#send(requestOf(during));
    const isEven = this.#nextId % 2 === 0;
    const { socket } = this.client;
    // What the helper has not read when its client is reset may be lost.
    while (during && this.network.unanswered === unanswered) await settle();
    if (during && isEven) socket.resetAndDestroy();
    else if (during || isEven) socket.destroy();
    if (socket.destroyed) {
      // One that has only closed could still read: its request is answered first.
      if (during && !isEven) this.network.flow();
      if (!this.network.closed) await once(this.network, 'close');
    }
    await this.helper[Symbol.asyncDispose]();
    await this.client[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.release();
    await this.client[Symbol.asyncDispose]();
    await this.helper[Symbol.asyncDispose]();
  }

  /** Requests of which none tells a late error: there is none when they begin. */
  async #all(...requests: Request[]): Promise<Outcome> {
    for (const request of requests) {
      const reply = await this.#request(request);
      if (reply.status !== 0) return failure(reply);
    }
    return [];
  }

  async #raw(step: RawSequence): Promise<Outcome> {
    if (step.over === 'SWD') {
      const pieces = step.pieces.map((piece) => (typeof piece === 'number' ? [piece] : [piece[0], unsigned(...piece)]));
      return outcomeOf(step, await this.#request(['swd_sequence', pieces]));
    }
    const read: string[] = [];
    for (const { tms, clocks, reads } of step.runs) {
      const reply = await this.#request(['jtag_sequence', clocks, tms, reads, unsigned(clocks, -1n)]);
      if (reply.status !== 0) return failure(reply);
      if (reads) read.push(hex(reply.result));
    }
    return read;
  }

  async #memory({ nominal }: Realm, step: MemoryStep, isErrorKnown: boolean): Promise<Outcome> {
    if (this.#handle === undefined) {
      const reply = await this.#request(['get_memory_interface_for_ap', ...nominal]);
      if (reply.status !== 0) return failure(reply);
      if (reply.result === undefined) return ['no handle'];
      this.#handle = Number(reply.result);
    }
    return outcomeOf(step, await this.#request(memoryRequestOf(step, this.#handle), isErrorKnown));
  }

  async #request(request: Request, isErrorKnown = false): Promise<Reply> {
    const policy = this.#send(request);
    const isAhead = policy === 'quiet' || (policy === 'posted' && !isErrorKnown);
    this.#ahead = isAhead ? [request[0]] : [];
    if (isAhead) {
      // A helper that has an error to tell which its client would not have alone waits for the network: a difference.
      const overdue = setTimeout(() => this.network.flow(), OVERDUE_MS);
      return this.client.reply().finally(() => clearTimeout(overdue));
    }
    this.network.flow();
    const reply = await this.client.reply();
    await this.network.release();
    return reply;
  }

  #send([name, ...args]: Request): ReturnType<RequestPolicy['policyOf']> {
    const id = this.#nextId++;
    this.client.send(`${encodeJson({ id, request: name, arguments: args })}\n`);
    return this.#policy.policyOf({ id: String(id), name, args });
  }
}

/** For a step that takes one request. */
function requestOf(step: Step): Request {
  switch (step.do) {
    case 'swj':
      return ['swj_sequence', step.clocks, step.bits];
    case 'targetsel':
      return step.by === 'write' ? ['write_dp', 0xc, step.value] : ['swd_sequence', targetSelRequest(step.value)];
    case 'readDp':
      return ['read_dp', step.address];
    case 'writeDp':
      return ['write_dp', step.address, step.value];
    case 'readAp':
      return step.count === 1 ? ['read_ap', step.address] : ['read_ap_multiple', step.address, step.count];
    case 'writeAp':
      if (step.values.length === 1) return ['write_ap', step.address, step.values[0]];
      return ['write_ap_multiple', step.address, step.values];
    case 'lock':
    case 'unlock':
    case 'flush':
      return [step.do];
    case 'connect':
      return ['connect', 'DEFAULT'];
    case 'clock':
      return ['set_clock', step.frequencyHz];
    case 'pulseReset':
      return ['reset'];
    case 'setReset':
      return ['assert_reset', step.asserted];
    case 'readReset':
      return ['is_reset_asserted'];
    case 'property':
      return ['readprop', step.name];
    case 'swo':
      return step.what === 'start' ? ['swo_start', 1_000_000] : [`swo_${step.what}`];
    case 'ask':
      return [step.request, ...step.args];
    default:
      throw new Error(`${step.do} is not one request`);
  }
}

function memoryRequestOf(step: MemoryStep, handle: number): Request {
  const { address, sizeBits } = step;
  if (step.do === 'writeMemory') {
    // Bits beyond the access are refused by the server; what writes memory looks at none of them.
    return ['write_mem', handle, address, step.value % 2 ** sizeBits, sizeBits];
  }
  if (sizeBits === 16) return ['read_mem', handle, address, sizeBits];
  return [sizeBits === 8 ? 'read_block8' : 'read_block32', handle, address, step.count];
}

function targetSelRequest(value: number): unknown {
  return targetSelPieces(value).map((piece) =>
    piece.direction === 'input' ? [piece.lengthBits] : [piece.sequence.lengthBits, piece.sequence.bits],
  );
}

function unsigned(clocks: number, bits: bigint): bigint {
  return BigInt.asUintN(clocks, bits);
}

/** What the player says of the same step. */
function outcomeOf(step: Step, reply: Reply): Outcome {
  const { result } = reply;
  if (reply.status !== 0) return failure(reply);
  if (step.do === 'raw') return Array.isArray(result) ? (result[1] as unknown[]).map(hex) : [];
  if (step.do === 'targetsel' || result === undefined) return [];
  const values: unknown[] = Array.isArray(result) ? result : [result];
  return values.map((value) => (typeof value === 'string' ? value : Number(value)));
}

function failure({ status, error = '' }: Reply): Outcome {
  const earlier = EARLIER.exec(error)?.[1];
  return { status, ...(earlier !== undefined && { earlier }) };
}

function hex(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? value.toString(16) : 'nothing';
}
