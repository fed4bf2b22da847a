// USB through npm `usb`, which is libusb. Level-triggered: an event only says "look again", and so does a clock, so that
// what no event tells (a lost one, a permission that has changed) is seen as well.

import { abortsWithin, type Clock } from '../../base/clock.js';
import { describeError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { never } from '../../base/never.js';
import {
  deviceKey,
  type DeviceKey,
  type UsbBus,
  UsbClass,
  type UsbConnection,
  type UsbDeviceInfo,
} from '../usb-bus.js';
import type { HidPlace } from '../hid/open-hid.js';
import { UsbError } from '../usb-error.js';
import { Attachment } from './attachment.js';
import { deviceInfo } from './device-info.js';
import { portPathOf, type DeviceSource } from './device-source.js';
import { LibusbConnection } from './libusb-connection.js';
import { LibusbList } from './libusb-list.js';
import type { NativeDevice, NativeUsb } from './native.js';
import { isAmbiguous, usbErrorOf } from './status.js';

export interface LibusbBusOptions {
  readonly usb: NativeUsb;
  /** Starts libusb once more, beside the first. Its list of devices is made anew then. */
  readonly startAnew?: () => NativeUsb;
  readonly source: DeviceSource;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the kernel's own driver is to make way while we have an interface. Not on macOS: it needs root there. */
  readonly detachKernelDriver: boolean;
  /** Who has the device open, for messages; what is known of it without rights over other users' programs. */
  readonly holderOf?: (node: string) => Promise<string>;
  /** Where libusb may not claim HID interfaces: opens one of them. */
  readonly openHid?: (place: HidPlace) => Promise<UsbConnection>;
}

/** Nothing has been seen to change: as often as this, the bus is looked at anyway. */
const RESCAN_MS = 10_000;
/** Permissions change without an event: while a device is refused to us, it is looked at this often. */
const RESCAN_REFUSED_MS = 1000;
/** While a new device is not ready. */
const RESCAN_NEW_MS = 25;
/** How long the system may take to make the interfaces of a new device, and to give them their names. */
const SETTLE_MS = 1000;
/** How long udev may take to give us a new device. */
const ACCESS_DELAY_MS = 2000;
/** How long the news of a detach may take to arrive after what it has made fail. */
const DETACH_DELAY_MS = 500;

export class LibusbBus implements UsbBus {
  readonly #options: LibusbBusOptions;
  readonly #list: LibusbList;
  /** By what the system knows them by. */
  readonly #attachments = new Map<string, Attachment>();
  /** How many there have been: a part of their keys. */
  #count = 0;
  readonly #subscribers = new Set<() => void>();
  #timer: Disposable | undefined;
  #look: Promise<void> | undefined;
  #lookAgain = false;
  #listed = '';
  #looks = 0;
  #closed = false;

  private constructor(options: LibusbBusOptions) {
    this.#options = options;
    const onDetach = (device: NativeDevice): void => this.#left(device);
    this.#list = new LibusbList({ ...options, onAttach: () => this.#background(), onDetach });
  }

  /** Starts to watch. Nothing is opened. */
  static start(options: LibusbBusOptions): LibusbBus {
    const { usb, source, log } = options;
    const absence = usb.INIT_ERROR === 0 ? source.absence() : `libusb cannot be started (error ${usb.INIT_ERROR})`;
    if (absence === undefined) log.info('watching USB for probes');
    else log.warn('no USB on this machine', { reason: absence });
    return new LibusbBus(options);
  }

  async list(): Promise<readonly UsbDeviceInfo[]> {
    await this.#lookNow();
    return this.#listable.flatMap(({ info }) => info ?? []);
  }

  subscribe(onChange: () => void): Disposable {
    const subscriber = (): void => onChange();
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => this.#subscribers.delete(subscriber) };
  }

  async open(key: DeviceKey, interfaceNumber: number): Promise<UsbConnection> {
    const attachment = [...this.#attachments.values()].find((one) => one.key === key);
    if (!attachment) throw new UsbError('gone', 'the device has left the bus');
    try {
      return await attachment.lock.run(never, () => this.#claim(attachment, interfaceNumber));
    } catch (error) {
      if (!(error instanceof UsbError)) throw error;
      if (attachment.gone.aborted || !this.#isThere(attachment)) throw attachment.goneError();
      if (error.kind === 'busy') throw await this.#busy(attachment, error);
      const left = isAmbiguous(error) && (await abortsWithin(attachment.gone, DETACH_DELAY_MS, this.#options.clock));
      throw left ? attachment.goneError() : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#subscribers.clear();
    await this.#look;
  }

  async #claim(attachment: Attachment, interfaceNumber: number): Promise<UsbConnection> {
    const { device, info, gone } = attachment;
    if (gone.aborted) throw attachment.goneError();
    const { openHid } = this.#options;
    const isHid = info?.interfaces.some((one) => one.number === interfaceNumber && one.classCode === UsbClass.Hid);
    if (openHid && info && isHid) return openHid({ device: info, interfaceNumber, gone });
    attachment.acquire();
    try {
      // The kernel does both in one step, leaves alone what another program has claimed, and puts its driver back when
      // the interface is released (usbfs: USBDEVFS_DISCONNECT_CLAIM, except driver "usbfs").
      if (this.#options.detachKernelDriver) device.setAutoDetachKernelDriver(true);
      device.__claimInterface(interfaceNumber);
      return new LibusbConnection(attachment, interfaceNumber, () => this.#isThere(attachment));
    } catch (error) {
      attachment.release();
      throw usbErrorOf(error, `claiming interface ${interfaceNumber} at port ${attachment.portPath}`);
    }
  }

  async #busy(attachment: Attachment, error: UsbError): Promise<UsbError> {
    const { source, holderOf } = this.#options;
    const node = source.nodeOf(attachment.device);
    if (node === undefined || !holderOf) return error;
    return new UsbError('busy', await holderOf(node), { cause: error });
  }

  #isThere({ identity, device }: Attachment): boolean {
    return this.#identify(device) === identity;
  }

  #identify(device: NativeDevice): string | undefined {
    const text = this.#options.source.identify(device);
    return text === undefined ? undefined : `${portPathOf(device)}:${text}`;
  }

  #left(device: NativeDevice): void {
    // At once, and not only after a look: clients wait for the answer.
    for (const attachment of this.#attachments.values()) if (attachment.device === device) this.#forget(attachment);
    this.#background();
  }

  #forget(attachment: Attachment): void {
    this.#attachments.delete(attachment.identity);
    attachment.leave();
  }

  #background(): void {
    this.#lookNow().catch((error: unknown) => {
      this.#options.log.error('looking at the USB bus failed', { error: describeError(error) });
      this.#schedule(RESCAN_REFUSED_MS);
    });
  }

  /** One look at a time; a call during a look makes another follow it, and resolves after that. */
  #lookNow(): Promise<void> {
    this.#lookAgain = true;
    return (this.#look ??= this.#lookRepeatedly());
  }

  async #lookRepeatedly(): Promise<void> {
    try {
      while (this.#lookAgain && !this.#closed) {
        this.#lookAgain = false;
        await this.#lookOnce();
      }
    } finally {
      this.#look = undefined;
    }
  }

  async #lookOnce(): Promise<void> {
    const present = new Map(
      this.#list.read().flatMap((device) => {
        const identity = this.#identify(device);
        return identity === undefined ? [] : [[identity, device] as const];
      }),
    );
    for (const attachment of this.#attachments.values()) {
      // libusb takes it for an unplug, too, when another program resets the device, or an administrator forbids it and
      // allows it again: all that was open is lost, and the device is where it was. Seen on Linux 6.1 (ESHUTDOWN). Who
      // had it open closes it first: that would release the interface for the next one, too.
      const isBack = attachment.hasLeftFor(DETACH_DELAY_MS) && !attachment.isInUse;
      if (!present.has(attachment.identity) || isBack) this.#forget(attachment);
    }
    for (const [identity, device] of present) {
      const attachment = this.#attachmentOf(identity, device);
      try {
        await this.#refresh(attachment);
      } catch (error) {
        // One that is leaving, or whose descriptors nobody can read, does not keep us from the others.
        this.#options.log.debug('USB device not understood', { path: attachment.portPath, error });
      }
    }
    this.#looks++;
    this.#tell();
    this.#schedule(this.#nextLook());
  }

  #attachmentOf(identity: string, device: NativeDevice): Attachment {
    const known = this.#attachments.get(identity);
    if (known) return known;
    const key = deviceKey(`${identity}#${++this.#count}`);
    const { clock } = this.#options;
    const attachment = new Attachment(key, identity, device, this.#list.usb, portPathOf(device), clock);
    this.#attachments.set(identity, attachment);
    attachment.gone.addEventListener('abort', () => this.#background(), { once: true }); // a transfer may know first
    return attachment;
  }

  /** Learns of a device what is not known yet. One that is new is shown when the system is done with it. */
  async #refresh(attachment: Attachment): Promise<void> {
    const { source, clock } = this.#options;
    const { device, key } = attachment;
    const accessible = source.isAccessible(device);
    if (isBlocked(attachment.info) && device.configDescriptor) attachment.change();
    const { info, since } = attachment;
    if (info) {
      if (info.accessible !== accessible) attachment.info = { ...info, accessible };
      return;
    }
    const age = clock.now() - since;
    const texts = await source.describe(device);
    if (!texts.isComplete && age < SETTLE_MS) return;
    // What was plugged in before us has had its time.
    if (!accessible && age < ACCESS_DELAY_MS && this.#looks > 0) return;
    attachment.info = deviceInfo({ key, device, texts, accessible, node: source.nodeOf(device) });
  }

  /** Those that have not left. */
  get #listable(): readonly Attachment[] {
    return [...this.#attachments.values()].filter(({ gone }) => !gone.aborted);
  }

  /** Says that the list is another one, if it is. */
  #tell(): void {
    const listed = this.#listable
      .flatMap(({ info }) => (info ? `${info.key} ${info.accessible} ${isBlocked(info)}` : []))
      .join('\n');
    if (listed === this.#listed) return;
    this.#listed = listed;
    for (const subscriber of [...this.#subscribers]) subscriber();
  }

  #nextLook(): number {
    const attachments = [...this.#attachments.values()];
    const infos = attachments.map(({ info }) => info);
    if (infos.includes(undefined)) return RESCAN_NEW_MS;
    if (attachments.some(({ gone }) => gone.aborted)) return DETACH_DELAY_MS;
    const isCalm = infos.every((info) => info?.accessible && !isBlocked(info));
    return isCalm ? RESCAN_MS : RESCAN_REFUSED_MS;
  }

  #schedule(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#closed ? undefined : this.#options.clock.timer(delayMs, () => this.#background());
  }
}

/** Whether the system has not configured it: it is forbidden until somebody allows it (sysfs: authorized; USBGuard). */
function isBlocked(info: UsbDeviceInfo | undefined): boolean {
  return info?.interfaces.length === 0;
}
