import type { LogFields } from '../../../src/base/logger.js';
import { silentLogger } from '../../../src/base/logger.js';
import { LibusbBus, type LibusbBusOptions } from '../../../src/usb/libusb/libusb-bus.js';
import { SysfsSource } from '../../../src/usb/libusb/sysfs-source.js';
import type { UsbConnection, UsbDeviceInfo } from '../../../src/usb/usb-bus.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeDevice, FakeUsb, type FakeDeviceOptions } from './fake-usb.js';
import { SysfsTree, type SysfsFiles } from './sysfs-tree.js';

/** A bus over a stand-in for libusb, a sysfs of its own, and a clock that stands still. */
export class BusRig implements AsyncDisposable {
  readonly usb = new FakeUsb();
  readonly sysfs = new SysfsTree();
  readonly clock = new FakeClock();
  readonly warnings: (readonly [message: string, fields: LogFields | undefined])[] = [];
  #bus: LibusbBus | undefined;

  /** libusb as it is started once more: it knows all devices there are. */
  readonly usbAnew = new FakeUsb();

  constructor(private readonly options: Partial<LibusbBusOptions> = {}) {}

  /** Started at the first use: what was plugged in before was there before the bus. */
  get bus(): LibusbBus {
    return (this.#bus ??= LibusbBus.start({
      usb: this.usb,
      startAnew: () => this.usbAnew,
      source: new SysfsSource(this.sysfs.roots),
      clock: this.clock,
      log: { ...silentLogger, warn: (message, fields) => this.warnings.push([message, fields]) },
      detachKernelDriver: true,
      ...this.options,
    }));
  }

  plug(options: FakeDeviceOptions = {}, files: SysfsFiles = {}, { event = true, denied = false } = {}): FakeDevice {
    const device = new FakeDevice(options);
    this.sysfs.add(device, files);
    if (denied) this.sysfs.deny(device);
    this.usb.plug(device, { event });
    return device;
  }

  /** The kernel takes it away first, and the event comes after that. */
  unplug(device: FakeDevice, { event = true } = {}): void {
    this.sysfs.remove(device);
    this.usb.unplug(device, { event });
  }

  async only(): Promise<UsbDeviceInfo> {
    const [device] = await this.bus.list();
    return device;
  }

  /** Opens an interface of the only device. */
  async open(interfaceNumber = 0): Promise<UsbConnection> {
    const { key } = await this.only();
    return this.bus.open(key, interfaceNumber);
  }

  async paths(): Promise<readonly string[]> {
    return (await this.bus.list()).map(({ portPath }) => portPath);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus[Symbol.asyncDispose]();
    this.sysfs[Symbol.dispose]();
  }
}
