import { never } from '../../base/never.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { ProbeStateError } from '../errors.js';
import type { SwoPort } from '../probe.js';
import type { Command } from './commands/command.js';
import { swoBaudrate } from './commands/swo-baudrate.js';
import { swoControl } from './commands/swo-control.js';
import { swoData } from './commands/swo-data.js';
import { swoMode, SwoMode } from './commands/swo-mode.js';
import { swoTransport, SwoTransport } from './commands/swo-transport.js';
import type { PacketExchange } from './packet-exchange.js';
import { SwoStreamReader } from './swo-stream-reader.js';

export interface SwoCaptureOptions {
  /** Of `SwoMode`: UART or Manchester, as the probe can. */
  readonly mode: number;
  /** The probe can stream, and its pipe has the endpoint for it. */
  readonly canStream: boolean;
  /** The trace buffer in the probe. */
  readonly bufferSizeBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** SWO over CMSIS-DAP: by DAP_SWO_Data when the client asks, or continuously from the streaming endpoint. */
export class SwoCapture implements SwoPort {
  readonly #exchange: PacketExchange;
  readonly #options: SwoCaptureOptions;
  #state: { readonly stream: SwoStreamReader | undefined } | undefined;

  constructor(exchange: PacketExchange, options: SwoCaptureOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  async start(baudRate: number, signal: AbortSignal): Promise<void> {
    const { mode, canStream, clock, log } = this.#options;
    await this.stop(signal);
    // A probe refuses to be configured while it captures, maybe still for the program before us. Whether it accepts to
    // be switched off when it is off does not matter.
    await this.#turnOff().catch((error: unknown) => log.debug('SWO not switched off', { error }));
    try {
      await this.#send(swoTransport(canStream ? SwoTransport.Endpoint : SwoTransport.Data));
      await this.#send(swoMode(mode));
      const actualRate = await this.#send(swoBaudrate(baudRate));
      if (actualRate === 0) throw new ProbeStateError(`the probe cannot capture SWO at ${baudRate} baud`);
      log.debug('SWO rate set', { asked: baudRate, actual: actualRate });
      await this.#send(swoControl('start'));
    } catch (error) {
      await this.#turnOff().catch((cause: unknown) => log.debug('SWO not switched off', { cause }));
      throw error;
    }
    this.#state = { stream: canStream ? SwoStreamReader.start(this.#exchange, clock, log) : undefined };
  }

  /** Without `start` it does nothing. */
  async stop(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const state = this.#state;
    if (!state) return;
    this.#state = undefined;
    try {
      await this.#send(swoControl('stop'));
      await this.#turnOff();
    } finally {
      await state.stream?.[Symbol.asyncDispose]();
    }
  }

  async read(signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    if (!this.#state) return new Uint8Array(0);
    return this.#state.stream ? this.#state.stream.take() : this.#poll();
  }

  async #poll(): Promise<Uint8Array> {
    const { bufferSizeBytes, log } = this.#options;
    const maxBytes = this.#exchange.pipe.packetSizeBytes - 4;
    const parts: Uint8Array[] = [];
    let sizeBytes = 0;
    let isMore = true;
    // What arrives while we read is for the next time, or a fast target would keep us here.
    while (isMore && sizeBytes < bufferSizeBytes) {
      const { bytes, isDamaged } = await this.#send(swoData(maxBytes));
      if (isDamaged) log.warn('SWO bytes lost or garbled in the probe');
      parts.push(bytes.slice());
      sizeBytes += bytes.length;
      isMore = bytes.length === maxBytes;
    }
    return Buffer.concat(parts);
  }

  async #turnOff(): Promise<void> {
    await this.#send(swoMode(SwoMode.Off));
    await this.#send(swoTransport(SwoTransport.None));
  }

  #send<T>(command: Command<T>): Promise<T> {
    return this.#exchange.exchange(command, never);
  }
}
