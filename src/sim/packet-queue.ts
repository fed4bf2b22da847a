// When a probe executes the packets it has received: in order, and not before the host has room for the answers.

import type { Clock } from '../base/clock.js';
import { DapCommand } from './firmware/dap-command.js';
import type { Packet, PacketTransports, Transport } from './packet-transports.js';

/**
 * After so much of this machine's time no packet is accepted until the event loop has had a turn. An exchange with a
 * simulated probe completes without one, so that a block of 65535 words would keep every other client waiting.
 */
const TURN_MS = 2;

/** What became of a command. */
export interface Execution {
  /** Undefined where the command has none. */
  readonly answer: Uint8Array | undefined;
  /** The probe's own time, after which it answers. Zero: at once. */
  readonly busyMs: number;
}

export interface PacketQueueOptions {
  readonly clock: Clock;
  /** DAP_Info 0xFE. */
  readonly packetCount: number;
  readonly transports: PacketTransports;
  readonly execute: (command: Uint8Array) => Execution;
  readonly answer: (packet: Packet) => void;
}

export class PacketQueue {
  readonly #options: PacketQueueOptions;
  readonly #waiting: Packet[] = [];
  /** Until a delay or the bus time of the last packet is over. */
  #busy: Disposable | undefined;
  /** What executing has taken since the last rest, in milliseconds. */
  #spentMs = 0;
  /** Until the event loop has had its turn. */
  #rest: Disposable | undefined;

  constructor(options: PacketQueueOptions) {
    this.#options = options;
  }

  /** Whether a packet is taken now; else the host has to wait, and hears of it by `resume`. */
  get accepts(): boolean {
    return !this.#isFull && !this.#rest;
  }

  /** The power is off. */
  clear(): void {
    this.#waiting.length = 0;
    this.#busy?.[Symbol.dispose]();
    this.#busy = undefined;
    this.#rest?.[Symbol.dispose]();
    this.#rest = undefined;
  }

  /** @param packet  its bytes are copied where it has to wait */
  add({ transport, bytes }: Packet): void {
    if (this.#waiting.length === 0 && this.#canExecute(transport, bytes[0])) {
      this.#execute({ transport, bytes });
      return;
    }
    this.#waiting.push({ transport, bytes: bytes.slice() });
    this.pump();
  }

  /** Executes what waits, in order, as far as it goes. */
  pump(): void {
    for (let packet = this.#waiting.at(0); packet; packet = this.#waiting.at(0)) {
      const ready =
        this.#canExecute(packet.transport, packet.bytes[0]) || (!this.#blocked(packet.transport) && this.#isClosed());
      if (!ready) return;
      this.#waiting.shift();
      this.#execute(packet);
      this.#options.transports.resume();
    }
  }

  get #isFull(): boolean {
    return this.#waiting.length >= this.#options.packetCount;
  }

  #canExecute(transport: Transport, commandId: number): boolean {
    return commandId !== DapCommand.QueueCommands && !this.#blocked(transport);
  }

  /** A delay runs, or the answers nobody has read fill the buffers. */
  #blocked(transport: Transport): boolean {
    return this.#busy !== undefined || this.#options.transports.backlog(transport) >= this.#options.packetCount;
  }

  /** Packets of DAP_QueueCommands wait for one that is none; a full buffer ends the waiting too. */
  #isClosed(): boolean {
    return this.#isFull || this.#waiting.some(({ bytes }) => bytes[0] !== DapCommand.QueueCommands);
  }

  #execute({ transport, bytes }: Packet): void {
    const { clock, execute, answer } = this.#options;
    const started = clock.now();
    const execution = execute(bytes);
    this.#spentMs += clock.now() - started;
    if (this.#spentMs >= TURN_MS) this.#restForATurn();
    if (execution.busyMs <= 0) {
      if (execution.answer) answer({ transport, bytes: execution.answer });
      return;
    }
    this.#busy = clock.timer(execution.busyMs, () => {
      this.#busy = undefined;
      if (execution.answer) answer({ transport, bytes: execution.answer });
      this.pump();
    });
  }

  #restForATurn(): void {
    this.#spentMs = 0;
    this.#rest ??= this.#options.clock.immediate(() => {
      this.#rest = undefined;
      this.#options.transports.resume();
    });
  }
}
