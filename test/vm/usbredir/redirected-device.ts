// A simulated device in a USB port of a virtual machine: the device's host of the usbredir protocol. Connecting is
// plugging in, closing the connection is unplugging.

import { once } from 'node:events';
import net from 'node:net';
import { systemClock } from '../../../src/base/clock.js';
import { Attachment } from '../../../src/sim/usb/attachment.js';
import type { EndpointStats, SimUsbDevice } from '../../../src/sim/usb/sim-usb-device.js';
import { deviceKey } from '../../../src/usb/usb-bus.js';
import { UsbError } from '../../../src/usb/usb-error.js';
import { answerControl, isSetReport } from './control-endpoint.js';
import { Descriptors } from './descriptors.js';
import * as answers from './device-message.js';
import { type ControlRequest, decodeGuestMessage, type GuestMessage } from './guest-message.js';
import { GuestTransfers, isInput, type Tell, type TransferOutcome } from './guest-transfers.js';
import { encodeMessage, MessageReader } from './message-reader.js';
import { hexStart, PacketTrace } from './packet-trace.js';
import { type Agreement, MessageType, NOTHING_AGREED, Status } from './protocol.js';

const DEFAULT_CONFIGURATION = 1;

export class RedirectedDevice implements Disposable {
  readonly trace = new PacketTrace();
  readonly #reader = new MessageReader();
  readonly #descriptors: Descriptors;
  readonly #attachment: Attachment;
  readonly #transfers: GuestTransfers;
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
    this.#transfers = new GuestTransfers(this.#attachment, this.trace);
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
    this.#transfers.babble(endpoint);
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
        this.#transfers.listen(message.endpoint, this.#interruptTeller(message.endpoint));
        this.#sendListening(message.id, message.endpoint);
        break;
      case 'stop-interrupt':
        this.#transfers.stopListening(message.endpoint);
        this.#sendListening(message.id, message.endpoint);
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
        this.#transfers.cancel(message.id);
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
      isHalted: (address) => this.#transfers.isHalted(address),
      clearHalt: (address) => this.#transfers.clearHalt(address, this.#interruptTeller(address)),
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
    this.#transfers.write(id, endpoint, request.data, ({ status }) => {
      this.#send(MessageType.ControlPacket, id, answers.controlAnswer(endpoint, request, status));
      // Of endpoint 0 a STALL ends with the next request (USB 2.0, 8.5.3.4).
      if (this.#attachment.out(endpoint).halted?.kind === 'stall') this.#attachment.out(endpoint).restart();
    });
  }

  #onBulk({ id, endpoint, lengthBytes, data }: Extract<GuestMessage, { kind: 'bulk' }>): void {
    const tell = (outcome: TransferOutcome): void =>
      this.#send(MessageType.BulkPacket, id, answers.bulkAnswer(this.#agreement, { endpoint, ...outcome }));
    if (isInput(endpoint)) this.#transfers.read(id, endpoint, lengthBytes, tell);
    else this.#transfers.write(id, endpoint, data, tell);
  }

  #onInterruptOut({ id, endpoint, data }: Extract<GuestMessage, { kind: 'interrupt' }>): void {
    this.#transfers.write(id, endpoint, data, this.#interruptTeller(endpoint, id));
  }

  /** @param id  0: of a packet that came in, which answers none */
  #interruptTeller(endpoint: number, id = 0n): Tell {
    return ({ status, lengthBytes, data }) =>
      this.#send(MessageType.InterruptPacket, id, answers.interruptPacket(endpoint, status, lengthBytes, data));
  }

  #sendListening(id: bigint, endpoint: number): void {
    const answer = answers.interruptReceivingStatus(Status.Success, endpoint);
    this.#send(MessageType.InterruptReceivingStatus, id, answer);
  }

  #sendConfiguration(id: bigint): void {
    const isKnown = this.#configuration <= DEFAULT_CONFIGURATION;
    const status = isKnown ? Status.Success : Status.Invalid;
    this.#send(MessageType.ConfigurationStatus, id, answers.configurationStatus(status, this.#configuration));
  }

  #send(type: number, id: bigint, body: Uint8Array): void {
    if (!this.#isOut) this.socket.write(encodeMessage(this.#agreement, type, id, body));
  }
}
