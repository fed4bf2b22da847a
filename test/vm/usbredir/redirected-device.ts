// A simulated device in a USB port of a virtual machine: the device's host of the usbredir protocol. Connecting is
// plugging in, closing the connection is unplugging.

import { once } from 'node:events';
import net from 'node:net';
import { systemClock } from '../../../src/base/clock.js';
import { Attachment } from '../../../src/sim/usb/attachment.js';
import type { EndpointStats, SimUsbDevice } from '../../../src/sim/usb/sim-usb-device.js';
import { deviceKey } from '../../../src/usb/usb-bus.js';
import { UsbError, type UsbErrorKind } from '../../../src/usb/usb-error.js';
import { answerControl, isSetReport } from './control-endpoint.js';
import { Descriptors } from './descriptors.js';
import * as answers from './device-message.js';
import { type ControlRequest, decodeGuestMessage, type GuestMessage } from './guest-message.js';
import { encodeMessage, MessageReader } from './message-reader.js';
import { hexStart, PacketTrace } from './packet-trace.js';
import { type Agreement, MessageType, NOTHING_AGREED, Status } from './protocol.js';

const statusOfKind: Readonly<Record<UsbErrorKind, Status>> = {
  gone: Status.IoError,
  io: Status.IoError,
  timeout: Status.Timeout,
  stall: Status.Stall,
  overflow: Status.Babble,
  access: Status.Invalid,
  busy: Status.Invalid,
};

/** A device waits for its host as long as it takes. The longest a timer can run. */
const FOR_EVER_MS = 0x7fffffff;
const DEFAULT_CONFIGURATION = 1;

export class RedirectedDevice implements Disposable {
  readonly trace = new PacketTrace();
  readonly #reader = new MessageReader();
  readonly #descriptors: Descriptors;
  readonly #attachment: Attachment;
  /** Packets that wait for the device, by id. */
  readonly #waiting = new Map<bigint, AbortController>();
  /** Interrupt IN endpoints the guest listens to. */
  readonly #listening = new Map<number, AbortController>();
  /** Bulk IN endpoints whose next transfer babbles. */
  readonly #babbling = new Set<number>();
  #agreement: Agreement = NOTHING_AGREED;
  #configuration = 0;
  #isOut = false;

  private constructor(
    readonly device: SimUsbDevice,
    readonly portPath: string,
    private readonly socket: net.Socket,
  ) {
    this.#descriptors = new Descriptors(device.descriptor);
    this.#attachment = new Attachment(deviceKey(portPath), portPath, device, systemClock, { delayMs: 0 });
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('close', () => this[Symbol.dispose]());
    socket.on('error', (error) => this.trace.add(`connection: ${error.message}`));
    device.attached(this.#attachment);
    // The board's core runs while a host has the probe. From here nobody sees who claims an interface.
    for (const { number } of device.descriptor.interfaces) device.claimed(number);
    this.#send(MessageType.Hello, 0n, answers.hello());
  }

  /**
   * Plugs a device in.
   *
   * @param socketPath  the socket of a `usb-redir` device of QEMU
   * @param portPath    its port, for messages
   */
  static async plug(device: SimUsbDevice, socketPath: string, portPath: string): Promise<RedirectedDevice> {
    const socket = net.connect(socketPath);
    await once(socket, 'connect');
    return new RedirectedDevice(device, portPath, socket);
  }

  /** Counts of one endpoint since the device was plugged in. */
  stats(endpoint: number): Readonly<EndpointStats> {
    return { ...this.#attachment.endpoint(endpoint).stats };
  }

  /** Transfers of the guest that wait for the device. */
  inFlight(endpoint: number): number {
    return this.#attachment.endpoint(endpoint).inFlight;
  }

  /** Halts an endpoint until the guest clears it. */
  stall(endpoint: number): void {
    this.#attachment.endpoint(endpoint).halt(new UsbError('stall', 'halted'));
  }

  /**
   * Ends the running transfer of an IN endpoint, or the next bulk one, with more data than is asked for, as a broken
   * device would.
   */
  babble(endpoint: number): void {
    const input = this.#attachment.in(endpoint);
    if (input.inFlight > 0) input.rejectAll(new UsbError('overflow', 'babble'));
    else this.#babbling.add(endpoint);
  }

  /** Takes nothing more on an OUT endpoint, until the result is disposed: each transfer is answered with NAK. */
  refuse(endpoint: number): Disposable {
    const output = this.#attachment.out(endpoint);
    const { accepts } = output;
    output.accepts = () => false;
    return {
      [Symbol.dispose]: () => {
        output.accepts = accepts;
        output.proceed();
      },
    };
  }

  /** Sends a message that the firmware of the device would not send, as it is. */
  send(endpoint: number, message: Uint8Array): void {
    this.#attachment.send(endpoint, message);
  }

  /** Pulls the device out, whatever is on the wire. */
  [Symbol.dispose](): void {
    if (this.#isOut) return;
    this.#isOut = true;
    this.trace.add('unplugged');
    this.socket.destroy();
    this.#attachment.leave();
  }

  #onData(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let raw = this.#reader.next(); raw; raw = this.#reader.next()) {
      this.#onMessage(decodeGuestMessage(raw, this.#agreement));
    }
  }

  #onMessage(message: GuestMessage): void {
    switch (message.kind) {
      case 'hello':
        this.#onHello(message.agreement);
        break;
      case 'control':
        this.#onControl(message.id, message.endpoint, message.control);
        break;
      case 'bulk':
        this.#onBulk(message);
        break;
      case 'interrupt':
        this.#onInterruptOut(message);
        break;
      case 'start-interrupt':
        this.trace.add(`${name(message.endpoint)} is listened to`);
        if (!this.#listening.has(message.endpoint)) this.#listen(message.endpoint);
        this.#send(
          MessageType.InterruptReceivingStatus,
          message.id,
          answers.interruptReceivingStatus(Status.Success, message.endpoint),
        );
        break;
      case 'stop-interrupt':
        this.#stopListening(message.endpoint);
        this.#send(
          MessageType.InterruptReceivingStatus,
          message.id,
          answers.interruptReceivingStatus(Status.Success, message.endpoint),
        );
        break;
      case 'set-configuration':
        this.#configuration = message.configuration;
        this.#sendConfiguration(message.id);
        break;
      case 'get-configuration':
        this.#sendConfiguration(message.id);
        break;
      case 'set-alt':
      case 'get-alt': {
        const alt = message.kind === 'set-alt' ? message.alt : 0;
        const status = alt === 0 ? Status.Success : Status.Stall;
        this.#send(
          MessageType.AltSettingStatus,
          message.id,
          answers.altSettingStatus(status, message.interfaceNumber, 0),
        );
        break;
      }
      case 'cancel':
        this.trace.add(`cancel ${message.id}`);
        this.#waiting.get(message.id)?.abort();
        break;
      case 'reset':
        this.trace.add('reset');
        this.#configuration = 0;
        break;
      case 'other':
        this.trace.add(`message of type ${message.type} ignored`);
        break;
    }
  }

  #onHello(agreement: Agreement): void {
    const { descriptor } = this.device;
    this.#agreement = agreement;
    this.#reader.agreement = agreement;
    this.#send(MessageType.EndpointInfo, 0n, answers.endpointInfo(descriptor, agreement));
    this.#send(MessageType.InterfaceInfo, 0n, answers.interfaceInfo(descriptor));
    this.#send(MessageType.DeviceConnect, 0n, answers.deviceConnect(descriptor, agreement));
    this.trace.add('plugged in');
  }

  #onControl(id: bigint, endpoint: number, request: ControlRequest): void {
    if (isSetReport(request)) {
      this.#onReport(id, endpoint, request);
      return;
    }
    const outcome = answerControl(request, this.#descriptors, {
      isHalted: (address) => this.#attachment.endpoint(address).halted !== undefined,
      clearHalt: (address) => this.#clearHalt(address),
    });
    const { requestType, request: code, value, index, length } = request;
    const words = [requestType, code, value, index, length].map((word) => word.toString(16)).join(' ');
    this.trace.add(`control ${words}: ${typeof outcome === 'string' ? outcome : hexStart(outcome)}`);
    const status = outcome === 'stall' ? Status.Stall : Status.Success;
    const data = typeof outcome === 'string' ? undefined : outcome;
    const isEmptyRead = data === undefined && (requestType & 0x80) !== 0;
    this.#send(
      MessageType.ControlPacket,
      id,
      answers.controlAnswer(endpoint, request, status, isEmptyRead ? new Uint8Array() : data),
    );
  }

  /** A report over endpoint 0, as a HID interface without an OUT endpoint gets it. */
  #onReport(id: bigint, endpoint: number, request: ControlRequest): void {
    const answer = (status: Status): void =>
      this.#send(MessageType.ControlPacket, id, answers.controlAnswer(endpoint, request, status));
    this.#run(id, endpoint, `is sent ${hexStart(request.data)}`, async (signal) => {
      await this.#attachment.out(endpoint).transfer(request.data, { timeoutMs: FOR_EVER_MS, signal });
      answer(Status.Success);
    }).catch((error: unknown) => {
      answer(this.#statusOf(endpoint, error));
      // Of endpoint 0 a STALL ends with the next request (USB 2.0, 8.5.3.4).
      if (this.#attachment.out(endpoint).halted?.kind === 'stall') this.#attachment.out(endpoint).restart();
    });
  }

  #onBulk({ id, endpoint, lengthBytes, data }: Extract<GuestMessage, { kind: 'bulk' }>): void {
    const answer = (status: Status, length: number, received?: Uint8Array): void =>
      this.#send(
        MessageType.BulkPacket,
        id,
        answers.bulkAnswer(this.#agreement, {
          ...{ endpoint, status, lengthBytes: length },
          ...(received && { data: received }),
        }),
      );
    if (this.#babbling.delete(endpoint)) {
      answer(this.#statusOf(endpoint, new UsbError('overflow', 'babble')), 0);
      return;
    }
    if (endpoint & 0x80) {
      this.#run(id, endpoint, `asks for ${lengthBytes}`, async (signal) => {
        const received = await this.#attachment.in(endpoint).transfer(lengthBytes, { timeoutMs: FOR_EVER_MS, signal });
        this.trace.add(`${name(endpoint)} got ${hexStart(received)}`);
        answer(Status.Success, received.length, received);
      }).catch((error: unknown) => answer(this.#statusOf(endpoint, error), 0));
      return;
    }
    this.#run(id, endpoint, `sends ${hexStart(data)}`, async (signal) => {
      await this.#attachment.out(endpoint).transfer(data, { timeoutMs: FOR_EVER_MS, signal });
      answer(Status.Success, data.length);
    }).catch((error: unknown) => answer(this.#statusOf(endpoint, error), 0));
  }

  #onInterruptOut({ id, endpoint, data }: Extract<GuestMessage, { kind: 'interrupt' }>): void {
    const answer = (status: Status, length: number): void =>
      this.#send(MessageType.InterruptPacket, id, answers.interruptPacket(endpoint, status, length));
    this.#run(id, endpoint, `sends ${hexStart(data)}`, async (signal) => {
      await this.#attachment.out(endpoint).transfer(data, { timeoutMs: FOR_EVER_MS, signal });
      answer(Status.Success, data.length);
    }).catch((error: unknown) => answer(this.#statusOf(endpoint, error), 0));
  }

  /** Runs one transfer, so that the guest can cancel it by its id. */
  async #run(
    id: bigint,
    endpoint: number,
    what: string,
    transfer: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    this.trace.add(`${name(endpoint)} ${what}`);
    const cancel = new AbortController();
    this.#waiting.set(id, cancel);
    try {
      await transfer(cancel.signal);
    } finally {
      this.#waiting.delete(id);
    }
  }

  #clearHalt(endpoint: number): void {
    const cleared = this.#attachment.endpoint(endpoint);
    const wasHalted = cleared.halted !== undefined;
    cleared.restart();
    if (wasHalted && this.#listening.has(endpoint)) this.#listen(endpoint);
  }

  /** Interrupt IN: the guest has a poll running as long as it listens, and QEMU keeps what comes until it is read. */
  #listen(endpoint: number): void {
    const stop = new AbortController();
    this.#listening.set(endpoint, stop);
    const input = this.#attachment.in(endpoint);
    const options = { timeoutMs: FOR_EVER_MS, signal: stop.signal };
    input.transfer(input.info.maxPacketSizeBytes, options).then(
      (data) => {
        this.trace.add(`${name(endpoint)} got ${hexStart(data)}`);
        const packet = answers.interruptPacket(endpoint, Status.Success, data.length, data);
        this.#send(MessageType.InterruptPacket, 0n, packet);
        if (this.#listening.get(endpoint) === stop) this.#listen(endpoint);
      },
      (error: unknown) => {
        if (this.#listening.get(endpoint) !== stop) return; // stopped
        // As a packet, which QEMU tells its guest at once. It goes on listening, and so does this, unless it is halted.
        const packet = answers.interruptPacket(endpoint, this.#statusOf(endpoint, error), 0);
        this.#send(MessageType.InterruptPacket, 0n, packet);
        if (!input.halted) this.#listen(endpoint);
      },
    );
  }

  /** It may start again before the transfer has ended. */
  #stopListening(endpoint: number): void {
    const stop = this.#listening.get(endpoint);
    this.#listening.delete(endpoint);
    stop?.abort();
  }

  #sendConfiguration(id: bigint): void {
    const isKnown = this.#configuration <= DEFAULT_CONFIGURATION;
    const status = isKnown ? Status.Success : Status.Invalid;
    this.#send(MessageType.ConfigurationStatus, id, answers.configurationStatus(status, this.#configuration));
  }

  #statusOf(endpoint: number, error: unknown): Status {
    const status = error instanceof UsbError ? statusOfKind[error.kind] : Status.Cancelled;
    this.trace.add(`${name(endpoint)} fails with status ${status}: ${String(error)}`);
    return status;
  }

  #send(type: number, id: bigint, body: Uint8Array): void {
    if (!this.#isOut) this.socket.write(encodeMessage(this.#agreement, type, id, body));
  }
}

function name(endpoint: number): string {
  return `0x${endpoint.toString(16).padStart(2, '0')}`;
}
