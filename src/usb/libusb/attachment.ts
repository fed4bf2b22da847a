// One device in one socket, from plug to unplug.

import type { Clock } from '../../base/clock.js';
import { FifoLock } from '../../base/fifo-lock.js';
import type { DeviceKey, UsbDeviceInfo } from '../usb-bus.js';
import { UsbError } from '../usb-error.js';
import type { NativeDevice, NativeUsb } from './native.js';
import { usbErrorOf } from './status.js';

export class Attachment {
  readonly #gone = new AbortController();
  /** Opening and closing one after the other: an interface is free only when its last user has let go of it. */
  readonly lock = new FifoLock();
  /** When it was seen first, or was last found to have changed. */
  since: number;
  #leftAt: number | undefined;
  #users = 0;
  /** Undefined until the system has told everything about it. */
  info: UsbDeviceInfo | undefined;

  constructor(
    readonly key: DeviceKey,
    /** What the system knows it by. */
    readonly identity: string,
    readonly device: NativeDevice,
    /** Where the device comes from: after libusb was started anew there are two of them. */
    readonly usb: NativeUsb,
    readonly portPath: string,
    readonly clock: Clock,
  ) {
    this.since = clock.now();
  }

  /** Aborts when it leaves the bus. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  leave(): void {
    if (this.gone.aborted) return;
    this.#leftAt = this.clock.now();
    this.#gone.abort(this.goneError());
  }

  /** Whether that is so long ago. */
  hasLeftFor(durationMs: number): boolean {
    return this.#leftAt !== undefined && this.clock.now() - this.#leftAt >= durationMs;
  }

  /** Whether somebody has it open. */
  get isInUse(): boolean {
    return this.#users > 0;
  }

  /** It is to be described anew. */
  change(): void {
    this.info = undefined;
    this.since = this.clock.now();
  }

  goneError(): UsbError {
    return new UsbError('gone', `the device left the bus at port ${this.portPath}`);
  }

  /** Opens the device for its first user. Call it, and `release`, with the lock held. @throws UsbError */
  acquire(): void {
    if (this.#users === 0) {
      try {
        this.device.open();
      } catch (error) {
        throw usbErrorOf(error, `opening the device at port ${this.portPath}`);
      }
    }
    this.#users++;
  }

  /** Closes the device after its last user. */
  release(): void {
    if (--this.#users > 0) return;
    this.device.close();
  }
}
