import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { hidReportSizes } from '../hid-report-sizes.js';
import { UsbClass, type UsbInterfaceInfo } from '../usb-bus.js';
import { portPathOf, type DeviceSource, type DeviceTexts } from './device-source.js';
import type { NativeDevice } from './native.js';

export interface SysfsRoots {
  /** /sys/bus/usb/devices */
  readonly devices: string;
  /** /dev/bus/usb */
  readonly nodes: string;
}

/**
 * Linux: the kernel has read the strings already, and shows them to everybody. All reads are synchronous: they come out
 * of the kernel's memory in microseconds, and what they say stays true while it is looked at.
 */
export class SysfsSource implements DeviceSource {
  readonly #roots: SysfsRoots;

  constructor(roots: SysfsRoots = { devices: '/sys/bus/usb/devices', nodes: '/dev/bus/usb' }) {
    this.#roots = roots;
  }

  absence(): string | undefined {
    const { devices } = this.#roots;
    return existsSync(devices) ? undefined : `there is no ${devices}`;
  }

  places(): readonly string[] {
    const { devices } = this.#roots;
    return list(devices).flatMap((name) => {
      const read = (file: string): string | undefined => readText(path.join(devices, name, file));
      if (!/^\d+-[\d.]+$/.test(name) || Number(`0x${read('bDeviceClass') ?? ''}`) === UsbClass.Hub) return [];
      const address = read('devnum');
      return address === undefined ? [] : [`${name}:${address}`];
    });
  }

  identify(device: NativeDevice): string | undefined {
    const directory = this.#directory(device);
    // libusb hears of a replug later than we can look: by then the directory belongs to the next device.
    if (readText(path.join(directory, 'devnum')) !== String(device.deviceAddress)) return undefined;
    try {
      // Addresses are used again after 127 plugs; a new directory has a new inode.
      return `${device.deviceAddress}:${statSync(directory).ino}`;
    } catch {
      return undefined; // left between the two looks
    }
  }

  async describe(device: NativeDevice): Promise<DeviceTexts> {
    const directory = this.#directory(device);
    const configuration = device.configDescriptor;
    const interfaces = new Map<number, Pick<UsbInterfaceInfo, 'name' | 'hidReports'>>();
    let isComplete = configuration !== undefined;
    for (const [descriptor] of configuration?.interfaces ?? []) {
      const { bInterfaceNumber, bInterfaceClass, iInterface } = descriptor;
      const place = `${directory}:${configuration?.bConfigurationValue ?? 0}.${bInterfaceNumber}`;
      const name = readText(path.join(place, 'interface'));
      const reports = bInterfaceClass === UsbClass.Hid ? readReportDescriptor(place) : undefined;
      const hidReports = reports && hidReportSizes(reports);
      interfaces.set(bInterfaceNumber, { ...(name !== undefined && { name }), ...(hidReports && { hidReports }) });
      // The kernel makes one directory after the other, asks for the name, and only then binds the driver.
      isComplete &&= iInterface === 0 || name !== undefined;
      isComplete &&= bInterfaceClass !== UsbClass.Hid || reports !== undefined;
    }
    return {
      manufacturer: readText(path.join(directory, 'manufacturer')),
      product: readText(path.join(directory, 'product')),
      serial: readText(path.join(directory, 'serial')),
      interfaces,
      isComplete,
    };
  }

  isAccessible(device: NativeDevice): boolean {
    try {
      accessSync(this.nodeOf(device), constants.R_OK | constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  nodeOf({ busNumber, deviceAddress }: NativeDevice): string {
    const digits = (number: number): string => String(number).padStart(3, '0');
    return path.join(this.#roots.nodes, digits(busNumber), digits(deviceAddress));
  }

  #directory(device: NativeDevice): string {
    return path.join(this.#roots.devices, portPathOf(device));
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no USB on this machine
  }
}

/** The HID device below an interface is named 0003:VVVV:PPPP.NNNN, bus 3 being USB: linux/input.h, BUS_USB. */
function readReportDescriptor(interfaceDirectory: string): Uint8Array | undefined {
  try {
    const name = readdirSync(interfaceDirectory).find((entry) => /^0003:[0-9A-F]{4}:[0-9A-F]{4}\./.test(entry));
    return name === undefined ? undefined : readFileSync(path.join(interfaceDirectory, name, 'report_descriptor'));
  } catch {
    return undefined; // no driver is bound, or the device is about to leave
  }
}

/** A device may call itself anything: what is not UTF-8 becomes U+FFFD. The line's end is the kernel's. */
function readText(file: string): string | undefined {
  try {
    return new TextDecoder().decode(readFileSync(file)).replace(/\n$/, '');
  } catch {
    return undefined; // it has no such string, or has left
  }
}
