import { abortReason, type Clock } from '../../base/clock.js';
import { describeError, UnsupportedError } from '../../base/errors.js';
import { hexBytes } from '../../base/hex.js';
import type { Logger } from '../../base/logger.js';
import { UsbError } from '../../usb/usb-error.js';
import { ProbeDisconnectedError, ProbeError } from '../errors.js';
import { MalformedReplyError, NOT_IMPLEMENTED, type Command } from './commands/command.js';
import { hostStatus } from './commands/host-status.js';
import type { PacketPipe } from './packet-pipe.js';
import { probeErrorOf } from './usb-failure.js';

const ANSWER_TIMEOUT_MS = 2000;
/** Stale answers wait in the probe already: they come at once or not at all. */
const DRAIN_TIMEOUT_MS = 10;
/** More than any probe keeps; one that sends for ever is broken. */
const MAX_STALE_PACKETS = 64;
/** Room for a command in any packet, whatever size the probe turns out to have. */
const MAX_PACKET_BYTES = 0x10000;

/** What it is asked to get in step. */
const question = hostStatus;

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Repetition {
  readonly attempts: number;
  readonly timeoutMs: number;
}

/**
 * Sends commands and receives their answers, over a pipe it can replace.
 *
 * Answers carry no number: one that is missing or one too many would shift all later ones. So after anything
 * unexpected the pipe counts as poisoned, and the next exchange begins with getting back in step.
 *
 * Errors of all exchanges: `ProbeDisconnectedError`, `ProbeBusyError` and `ProbeAccessError` (reopening),
 * `UnsupportedError` for a command the probe does not know, `ProbeError`, and what the command's decoder throws.
 */
export class PacketExchange implements AsyncDisposable {
  readonly #openPipe: () => Promise<PacketPipe>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #out = new DataView(new ArrayBuffer(MAX_PACKET_BYTES));
  #pipe: PacketPipe;
  #poison: 'none' | 'out-of-step' | 'broken' = 'none';
  /** The question by which it got in step was asked, and nothing else has been answered since. */
  #mayRepeatItself = false;

  private constructor(openPipe: () => Promise<PacketPipe>, pipe: PacketPipe, { clock, log }: ExchangeOptions) {
    this.#openPipe = openPipe;
    this.#pipe = pipe;
    this.#clock = clock;
    this.#log = log;
  }

  /** @param openPipe  called now, and again when the pipe has to be replaced; throws `UsbError`s */
  static async open(openPipe: () => Promise<PacketPipe>, options: ExchangeOptions): Promise<PacketExchange> {
    const exchange = new PacketExchange(openPipe, await openPipe(), options);
    try {
      // A program that was killed leaves answers behind, which would be taken for ours.
      await exchange.drain();
      return exchange;
    } catch (error) {
      await exchange[Symbol.asyncDispose]().catch((further: unknown) => {
        options.log.warn('could not close the probe', { error: describeError(further) });
      });
      throw error;
    }
  }

  /** The pipe in use. It may be another one after an error. */
  get pipe(): PacketPipe {
    return this.#pipe;
  }

  /** Whether something was lost or unexpected, so that the next exchange has to get back in step. */
  get isPoisoned(): boolean {
    return this.#poison !== 'none';
  }

  /** Sends a command and returns its decoded answer. */
  exchange<T>(command: Command<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    return this.#poison === 'none' ? this.#roundTrip(command) : this.#recover().then(() => this.#roundTrip(command));
  }

  /**
   * Sends commands without waiting for each answer: up to `depth` are in the probe at once. After the first failure no
   * more are sent, and the answers still due are received and dropped before it is thrown. No signal stops it half-way.
   */
  async exchangeAll(commands: Iterable<Command<void>>, depth: number): Promise<void> {
    if (this.#poison !== 'none') await this.#recover();
    const due: { command: Command<void>; reply: Promise<Uint8Array> }[] = [];
    let failure: { readonly error: unknown } | undefined;
    const receive = async (): Promise<void> => {
      const oldest = due.shift();
      if (!oldest) return;
      try {
        this.#take(oldest.command, await oldest.reply);
      } catch (error) {
        failure ??= { error };
        this.#notePoison(error, oldest.command);
      }
    };

    for (const command of commands) {
      // What may still come of the question is told from the answer of one packet, not from those of several.
      if (due.length >= (this.#mayRepeatItself ? 1 : depth)) await receive();
      if (failure) break;
      const timeoutMs = (command.timeoutMs ?? ANSWER_TIMEOUT_MS) * (due.length + 1); // it waits for those before it
      const sent = this.#send(command, timeoutMs);
      const reply = this.#read(timeoutMs);
      reply.catch(() => undefined); // its error is seen when its turn comes; until then nobody listens
      try {
        await sent;
      } catch (error) {
        failure = { error };
        this.#notePoison(error, command);
        break;
      }
      due.push({ command, reply });
    }
    // With a broken pipe nothing is due any more: closing it ends the transfers.
    while (due.length > 0 && !this.#isBroken) await receive();
    if (failure) throw await this.#translate(failure.error, 'the exchange with the probe');
  }

  /**
   * Gets in step with a probe that was just opened: it may still have to say what another program has asked for. Some
   * probes answer only once they have received as many bytes as their packets are long, which is not known yet: so the
   * question is asked again and again.
   */
  async begin({ attempts, timeoutMs }: Repetition): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#ask(timeoutMs);
        // One that does not know the question answers the earlier ones as it does everything it does not know.
        if (attempt > 1) await this.drain();
        return;
      } catch (error) {
        if (attempt < attempts && error instanceof UsbError && error.kind === 'timeout') continue;
        this.#notePoison(error, question);
        throw await this.#translate(error, question.name);
      }
    }
  }

  /** Reads away what the probe still has to say, until it is silent. */
  async drain(): Promise<void> {
    for (let dropped = 0; dropped < MAX_STALE_PACKETS; dropped++) {
      let packet: Uint8Array;
      try {
        packet = await this.#pipe.read({ timeoutMs: DRAIN_TIMEOUT_MS });
      } catch (error) {
        if (error instanceof UsbError && error.kind === 'timeout') return;
        this.#poison = 'broken';
        throw await this.#translate(error, 'reading from the probe');
      }
      this.#trace('stale packet dropped', packet);
    }
    throw new ProbeError('the probe does not stop sending: unplug it, and plug it in again');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#poison = 'broken';
    await this.#pipe[Symbol.asyncDispose]();
  }

  async #roundTrip<T>(command: Command<T>): Promise<T> {
    const timeoutMs = command.timeoutMs ?? ANSWER_TIMEOUT_MS;
    try {
      const sent = this.#send(command, timeoutMs);
      // The read is under way before the answer is: that saves waking up between the two.
      const reply = this.#read(timeoutMs);
      reply.catch(() => undefined); // seen below, or not at all where sending has failed
      await sent;
      return this.#take(command, await reply);
    } catch (error) {
      this.#notePoison(error, command);
      throw await this.#translate(error, command.name);
    }
  }

  #send(command: Command<unknown>, timeoutMs: number): Promise<void> {
    const sizeBytes = command.encode(this.#out);
    const packet = new Uint8Array(this.#out.buffer, 0, sizeBytes);
    this.#trace('packet out', packet);
    return this.#pipe.write(packet, { timeoutMs });
  }

  #take<T>(command: Command<T>, reply: Uint8Array): T {
    this.#trace('packet in', reply);
    if (reply.length === 0) throw new MalformedReplyError(`the probe's answer to ${command.name} is empty`);
    if (reply[0] !== command.id) {
      if (reply[0] === NOT_IMPLEMENTED) throw new UnsupportedError(`the probe does not implement ${command.name}`);
      throw new MalformedReplyError(`the probe answered 0x${reply[0].toString(16)} to ${command.name}`);
    }
    return command.decode(new DataView(reply.buffer, reply.byteOffset, reply.byteLength));
  }

  get #isBroken(): boolean {
    return this.#poison === 'broken';
  }

  #notePoison(error: unknown, command: Command<unknown>): void {
    if (error instanceof UsbError) this.#poison = 'broken';
    else if (error instanceof MalformedReplyError && !this.#isBroken) this.#poison = 'out-of-step';
    else return;
    this.#log.debug('exchange with the probe failed', { command: command.name, error });
  }

  /** Gets back in step: nothing that was on its way before may be taken for an answer afterwards. */
  async #recover(): Promise<void> {
    if (this.#pipe.gone.aborted) {
      throw new ProbeDisconnectedError('the probe is gone', { cause: this.#pipe.gone.reason });
    }
    this.#log.warn('getting back in step with the probe', { reopen: this.#poison === 'broken' });
    if (this.#poison === 'broken') await this.#reopen();
    await this.drain();
    try {
      await this.#ask(ANSWER_TIMEOUT_MS);
    } catch (error) {
      this.#poison = 'broken';
      throw await this.#translate(error, 'getting back in step with the probe');
    }
    await this.drain();
    this.#poison = 'none';
  }

  async #reopen(): Promise<void> {
    const { packetSizeBytes } = this.#pipe;
    await this.#pipe[Symbol.asyncDispose](); // ends what is in flight
    try {
      this.#pipe = await this.#openPipe();
    } catch (error) {
      throw await this.#translate(error, 'reopening the probe');
    }
    this.#pipe.resize(packetSizeBytes);
  }

  /**
   * Silence does not mean that nothing is due: the probe may still be busy with a long command. It answers in order, so
   * once it has answered a question that is used for nothing else, everything before has arrived. What may come after
   * that are answers to the same question, asked before.
   */
  async #ask(timeoutMs: number): Promise<void> {
    await this.#send(question, timeoutMs);
    this.#mayRepeatItself = true;
    for (let dropped = 0; dropped < MAX_STALE_PACKETS; dropped++) {
      const reply = await this.#pipe.read({ timeoutMs });
      if (reply.length > 0 && (reply[0] === question.id || reply[0] === NOT_IMPLEMENTED)) return;
      this.#trace('stale packet dropped', reply);
    }
    throw new ProbeError('cannot get in step with the probe: unplug it, and plug it in again');
  }

  #read(timeoutMs: number): Promise<Uint8Array> {
    return this.#mayRepeatItself ? this.#readOn(timeoutMs) : this.#pipe.read({ timeoutMs });
  }

  /** The first answer to another command than the question. */
  async #readOn(timeoutMs: number): Promise<Uint8Array> {
    for (let dropped = 0; dropped < MAX_STALE_PACKETS; dropped++) {
      const reply = await this.#pipe.read({ timeoutMs });
      if (reply.length === 0 || reply[0] !== question.id) {
        this.#mayRepeatItself = false;
        return reply;
      }
      this.#trace('stale packet dropped', reply);
    }
    throw new MalformedReplyError('the probe answers what it was not asked');
  }

  #translate(error: unknown, doing: string): Promise<unknown> {
    return probeErrorOf(error, doing, this.#clock, this.#pipe.gone);
  }

  #trace(message: string, packet: Uint8Array): void {
    if (this.#log.isEnabled('trace')) this.#log.trace(message, { bytes: hexBytes(packet) });
  }
}
