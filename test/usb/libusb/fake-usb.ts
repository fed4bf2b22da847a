// Stands in for npm `usb`: devices that are plugged and unplugged here, and transfers that end when a test says so.

import assert from 'node:assert/strict';
import type {
  NativeConfiguration,
  NativeDevice,
  NativeEndpoint,
  NativeError,
  NativeInterface,
  NativeTransfer,
  NativeUsb,
  TransferCallback,
} from '../../../src/usb/libusb/native.js';

type Listener = (device: NativeDevice) => void;

export class FakeUsb implements NativeUsb {
  INIT_ERROR = 0;
  readonly Transfer = FakeTransfer;
  readonly devices: FakeDevice[] = [];
  readonly #listeners = { attach: new Set<Listener>(), detach: new Set<Listener>() };
  /** Whether listeners keep the process alive. */
  isReferenced = false;

  getDeviceList(): NativeDevice[] {
    return [...this.devices];
  }

  on(event: 'attach' | 'detach', listener: Listener): void {
    this.#listeners[event].add(listener);
    this.isReferenced = true;
  }

  unrefHotplugEvents(): void {
    this.isReferenced = false;
  }

  plug(device: FakeDevice, { event = true } = {}): void {
    this.devices.push(device);
    if (event) for (const listener of this.#listeners.attach) listener(device);
  }

  unplug(device: FakeDevice, { event = true } = {}): void {
    this.devices.splice(this.devices.indexOf(device), 1);
    if (event) for (const listener of this.#listeners.detach) listener(device);
  }
}

export interface FakeInterface {
  readonly number: number;
  readonly classCode?: number;
  readonly iInterface?: number;
  readonly endpoints?: NativeConfiguration['interfaces'][number][number]['endpoints'];
}

export interface FakeDeviceOptions {
  readonly bus?: number;
  readonly address?: number;
  readonly ports?: readonly number[];
  readonly deviceClass?: number;
  readonly strings?: ReadonlyMap<number, string>;
  readonly interfaces?: readonly FakeInterface[];
}

type FailingCall = 'open' | 'claim' | 'release' | 'submit' | 'clear halt';

/** A CMSIS-DAP v2 probe at 1-2, unless told otherwise. */
export class FakeDevice implements NativeDevice {
  readonly busNumber: number;
  readonly deviceAddress: number;
  readonly portNumbers?: readonly number[];
  readonly deviceDescriptor;
  configDescriptor: NativeConfiguration | undefined;
  interfaces: NativeInterface[] | undefined;
  /** What the calls fail with: libusb_error. */
  readonly fails = new Map<FailingCall, number>();
  /** What happened to it, in order. */
  readonly calls: string[] = [];
  readonly transfers: FakeTransfer[] = [];
  readonly #strings: ReadonlyMap<number, string>;
  /** Calls of the halt clearing that wait for an answer. */
  readonly clearing: (() => void)[] = [];

  constructor(options: FakeDeviceOptions = {}) {
    const { bus = 1, address = 5, ports = [2], deviceClass = 0, strings = new Map(), interfaces = [bulk()] } = options;
    this.busNumber = bus;
    this.deviceAddress = address;
    if (ports.length > 0) this.portNumbers = ports;
    this.#strings = strings;
    this.deviceDescriptor = {
      ...{ idVendor: 0x0d28, idProduct: 0x0204, bcdDevice: 0x0100, bDeviceClass: deviceClass },
      ...{ iManufacturer: 1, iProduct: 2, iSerialNumber: 3 },
    };
    this.configDescriptor = {
      bConfigurationValue: 1,
      interfaces: interfaces.map(({ number, classCode = 0xff, iInterface = 0, endpoints = [] }) => [
        {
          ...{ bInterfaceNumber: number, bInterfaceClass: classCode, bInterfaceSubClass: 0, bInterfaceProtocol: 0 },
          ...{ iInterface, endpoints },
        },
      ]),
    };
  }

  open(): void {
    this.#call('open');
    this.interfaces = (this.configDescriptor?.interfaces ?? []).map(([{ bInterfaceNumber, endpoints }]) => ({
      interfaceNumber: bInterfaceNumber,
      endpoints: endpoints.map(({ bEndpointAddress }) => new FakeEndpoint(this, bEndpointAddress)),
    }));
  }

  close(): void {
    assert.deepEqual(this.inFlight, [], "Can't close device with a pending request"); // as the real one
    this.calls.push('close');
    this.interfaces = undefined;
  }

  /** Transfers whose callback has not been called. */
  get inFlight(): FakeTransfer[] {
    return this.transfers.filter(({ isDone }) => !isDone);
  }

  setAutoDetachKernelDriver(enable: boolean): void {
    this.calls.push(`auto-detach ${enable}`);
  }

  __claimInterface(number: number): void {
    this.#call('claim', ` ${number}`);
  }

  __releaseInterface(number: number, callback: (error?: NativeError) => void): void {
    this.calls.push(`release ${number}`);
    const errno = this.fails.get('release');
    setImmediate(() => callback(errno === undefined ? undefined : nativeError(errno)));
  }

  getStringDescriptor(index: number, callback: (error?: NativeError, text?: string) => void): void {
    const text = this.#strings.get(index);
    setImmediate(() => (text === undefined ? callback(nativeError(4)) : callback(undefined, text)));
  }

  /** Fails as the test wants it. */
  fail(call: FailingCall): void {
    const errno = this.fails.get(call);
    if (errno !== undefined) throw nativeError(errno);
  }

  #call(call: 'open' | 'claim', detail = ''): void {
    this.fail(call);
    this.calls.push(`${call}${detail}`);
  }
}

class FakeEndpoint implements NativeEndpoint {
  constructor(
    private readonly device: FakeDevice,
    readonly address: number,
  ) {}

  makeTransfer(timeoutMs: number, callback: TransferCallback): NativeTransfer {
    return new FakeTransfer(this.device, this.address, 2, timeoutMs, callback);
  }

  clearHalt(callback: (error: NativeError | undefined) => void): void {
    this.device.fail('clear halt');
    this.device.calls.push(`clear halt ${this.address.toString(16)}`);
    this.device.clearing.push(() => callback(undefined));
  }
}

export class FakeTransfer implements NativeTransfer {
  isDone = false;
  isCancelled = false;
  buffer: Buffer = Buffer.alloc(0);

  constructor(
    private readonly device: FakeDevice,
    readonly endpoint: number,
    readonly type: number,
    readonly timeoutMs: number,
    private readonly callback: TransferCallback,
  ) {}

  submit(buffer: Buffer): void {
    this.device.fail('submit');
    this.buffer = buffer;
    this.device.transfers.push(this);
  }

  /** Its callback comes when the test calls `end(3)`. */
  cancel(): boolean {
    this.isCancelled = true;
    return !this.isDone;
  }

  /** The device has sent `bytes`, or taken all of an OUT transfer; of a control transfer its setup packet does not count. */
  complete(bytes?: Uint8Array): void {
    if (bytes) this.buffer.set(bytes);
    this.#done(undefined, bytes?.length ?? this.buffer.length - (this.endpoint === 0 ? 8 : 0));
  }

  /** @param status  libusb_transfer_status */
  end(status: number): void {
    this.#done(nativeError(status), 0);
  }

  #done(error: NativeError | undefined, lengthBytes: number): void {
    assert.ok(!this.isDone);
    this.isDone = true;
    this.callback(error, this.buffer, lengthBytes);
  }
}

export function nativeError(errno: number): NativeError {
  return Object.assign(new Error('LIBUSB'), { errno });
}

/** A CMSIS-DAP v2 interface. */
export function bulk(changes: Partial<FakeInterface> = {}): FakeInterface {
  return {
    number: 0,
    endpoints: [
      { bEndpointAddress: 0x01, bmAttributes: 2, wMaxPacketSize: 512 },
      { bEndpointAddress: 0x82, bmAttributes: 2, wMaxPacketSize: 512 },
    ],
    ...changes,
  };
}

/** A CMSIS-DAP v1 interface. */
export function hid(changes: Partial<FakeInterface> = {}): FakeInterface {
  return {
    number: 1,
    classCode: 3,
    endpoints: [
      { bEndpointAddress: 0x83, bmAttributes: 3, wMaxPacketSize: 64 },
      { bEndpointAddress: 0x04, bmAttributes: 3, wMaxPacketSize: 64 },
    ],
    ...changes,
  };
}
