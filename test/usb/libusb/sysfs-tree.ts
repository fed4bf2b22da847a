// A copy of what the kernel shows of USB devices, in a temporary directory: Documentation/ABI/testing/sysfs-bus-usb.

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { portPathOf } from '../../../src/usb/libusb/device-source.js';
import type { SysfsRoots } from '../../../src/usb/libusb/sysfs-source.js';
import type { FakeDevice } from './fake-usb.js';

/** Files of the device's directory; those of an interface begin with its number: "0/interface". */
export type SysfsFiles = Readonly<Record<string, string | Uint8Array>>;

export class SysfsTree implements Disposable {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'sysfs-'));
  #removed = 0;

  readonly roots: SysfsRoots = { devices: path.join(this.#root, 'devices'), nodes: path.join(this.#root, 'nodes') };

  constructor() {
    mkdirSync(this.roots.devices);
    mkdirSync(this.roots.nodes);
    mkdirSync(path.join(this.#root, 'removed'));
  }

  /** Puts a device there, with a device node that we may use. */
  add(device: FakeDevice, files: SysfsFiles = {}): void {
    const directory = this.#directory(device);
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'devnum'), `${device.deviceAddress}\n`);
    for (const { bInterfaceNumber } of device.configDescriptor?.interfaces.flat() ?? [])
      mkdirSync(`${directory}:1.${bInterfaceNumber}`);
    this.write(device, files);
    this.grant(device);
  }

  write(device: FakeDevice, files: SysfsFiles): void {
    for (const [name, content] of Object.entries(files)) {
      const ofInterface = /^(\d+)\/(.*)$/.exec(name);
      const file = ofInterface
        ? path.join(`${this.#directory(device)}:1.${ofInterface[1]}`, ofInterface[2])
        : path.join(this.#directory(device), name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }

  /** Takes it away. The directories are kept elsewhere: a file system may give an inode away again at once. */
  remove(device: FakeDevice): void {
    this.deny(device);
    const directory = this.#directory(device);
    this.#removed++;
    renameSync(directory, path.join(this.#root, 'removed', String(this.#removed)));
    for (const { bInterfaceNumber } of device.configDescriptor?.interfaces.flat() ?? [])
      rmSync(`${directory}:1.${bInterfaceNumber}`, { recursive: true });
  }

  grant(device: FakeDevice): void {
    mkdirSync(path.dirname(this.node(device)), { recursive: true });
    writeFileSync(this.node(device), '');
  }

  /** Takes our rights: without its node, for access(2) grants root everything that is there. */
  deny(device: FakeDevice): void {
    rmSync(this.node(device), { force: true });
  }

  node({ busNumber, deviceAddress }: FakeDevice): string {
    const [bus, address] = [busNumber, deviceAddress].map((number) => String(number).padStart(3, '0'));
    return path.join(this.roots.nodes, bus, address);
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #directory(device: FakeDevice): string {
    return path.join(this.roots.devices, portPathOf(device));
  }
}
