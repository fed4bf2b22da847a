// A USB bus in memory. Everything above `UsbBus` runs on it unchanged; what real buses do to us, it does on request.

import assert from 'node:assert/strict';
import type { Clock } from '../../base/clock.js';
import { deviceKey, type DeviceKey, type UsbBus, type UsbConnection, type UsbDeviceInfo } from '../../usb/usb-bus.js';
import { UsbError } from '../../usb/usb-error.js';
import { Attachment } from './attachment.js';
import { SimConnection } from './sim-connection.js';
import type { EndpointStats, SimUsbDevice } from './sim-usb-device.js';

export interface UnplugOptions {
  /**
   * What the running transfers fail with. A host controller often reports an error before the hub reports the loss of
   * the device: `io` until `detachAfterMs` have passed, `gone` from then on.
   */
  readonly pending?: 'gone' | 'io';
  /** With `pending: 'io'` only: until the device leaves the list and `gone` aborts. */
  readonly detachAfterMs?: number;
}

export class SimUsbBus implements UsbBus {
  readonly #attachments = new Map<DeviceKey, Attachment>();
  readonly #subscribers = new Set<() => void>();
  readonly #conditions = { delayMs: 0 };
  #plugs = 0;

  constructor(readonly clock: Clock) {}

  async list(): Promise<readonly UsbDeviceInfo[]> {
    return [...this.#attachments.values()].map(({ info }) => info);
  }

  subscribe(onChange: () => void): Disposable {
    // Wrapped, so that the same function subscribed twice is two subscriptions.
    const subscriber = (): void => onChange();
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => this.#subscribers.delete(subscriber) };
  }

  async open(key: DeviceKey, interfaceNumber: number): Promise<UsbConnection> {
    const attachment = this.#attachments.get(key);
    if (!attachment) throw new UsbError('gone', `no device ${key}`);
    if (!attachment.accessible) throw new UsbError('access', `no permission for the device at ${attachment.portPath}`);
    if (!attachment.info.interfaces.some(({ number }) => number === interfaceNumber))
      throw new UsbError('io', `no interface ${interfaceNumber}`);
    if (attachment.claims.has(interfaceNumber)) throw new UsbError('busy', `interface ${interfaceNumber} is claimed`);
    return new SimConnection(attachment, interfaceNumber);
  }

  /** Unplugs everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { device } of [...this.#attachments.values()]) this.unplug(device);
    this.#subscribers.clear();
  }

  /**
   * @param portPath  the socket, "1-2"; the next free one of bus 1 unless given
   * @returns         the key of this attachment: another one at every plug
   */
  plug(device: SimUsbDevice, portPath = this.#freePort()): DeviceKey {
    const attachments = [...this.#attachments.values()];
    assert(!attachments.some((other) => other.device === device), 'the device is plugged in already');
    assert(!attachments.some((other) => other.portPath === portPath), `port ${portPath} is taken`);
    const key = deviceKey(`sim:${portPath}:${++this.#plugs}`);
    const attachment = new Attachment(key, portPath, device, this.clock, this.#conditions);
    this.#attachments.set(key, attachment);
    device.attached(attachment);
    this.#changed();
    return key;
  }

  /** Pulls the device out; transfers in flight fail. */
  unplug(device: SimUsbDevice, { pending = 'gone', detachAfterMs = 0 }: UnplugOptions = {}): void {
    const attachment = this.#of(device);
    if (pending === 'io') attachment.fail(new UsbError('io', 'the transfer failed'));
    const detach = (): void => {
      if (!this.#attachments.delete(attachment.key)) return;
      attachment.leave();
      this.#changed();
    };
    if (pending === 'io' && detachAfterMs > 0) this.clock.timer(detachAfterMs, detach);
    else detach();
  }

  /** Takes our permission for the device away, or gives it back. */
  deny(device: SimUsbDevice, denied = true): void {
    this.#of(device).accessible = !denied;
    this.#changed();
  }

  /** Another program claims an interface, until the result is disposed. */
  claimByOther(device: SimUsbDevice, interfaceNumber: number): Disposable {
    const { claims } = this.#of(device);
    assert(!claims.has(interfaceNumber), `interface ${interfaceNumber} is claimed already`);
    claims.set(interfaceNumber, device);
    return { [Symbol.dispose]: () => claims.delete(interfaceNumber) };
  }

  /** Halts an endpoint: running and new transfers fail with `stall` until the result is disposed. */
  stall(device: SimUsbDevice, endpoint: number): Disposable {
    const stalled = this.#of(device).endpoint(endpoint);
    stalled.halt(new UsbError('stall', `endpoint 0x${endpoint.toString(16)} is halted`));
    return { [Symbol.dispose]: () => stalled.halted?.kind === 'stall' && stalled.restart() };
  }

  /** How long each transfer takes from now on. Zero, as at the start: no timer is used at all. */
  setTransferDelay(delayMs: number): void {
    this.#conditions.delayMs = delayMs;
  }

  /** Counts of one endpoint since the device was plugged in. */
  stats(device: SimUsbDevice, endpoint: number): Readonly<EndpointStats> {
    return { ...this.#of(device).endpoint(endpoint).stats };
  }

  /** Transfers of the host that have not completed. */
  inFlight(device: SimUsbDevice, endpoint: number): number {
    return this.#of(device).endpoint(endpoint).inFlight;
  }

  #of(device: SimUsbDevice): Attachment {
    for (const attachment of this.#attachments.values()) if (attachment.device === device) return attachment;
    assert.fail('the device is not plugged in');
  }

  #freePort(): string {
    const taken = new Set([...this.#attachments.values()].map(({ portPath }) => portPath));
    for (let port = 1; ; port++) if (!taken.has(`1-${port}`)) return `1-${port}`;
  }

  #changed(): void {
    for (const subscriber of [...this.#subscribers]) subscriber();
  }
}
