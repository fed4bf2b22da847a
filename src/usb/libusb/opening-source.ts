// Where the system keeps no strings for us, on macOS: they are asked for once in each attachment, from the device itself.
// Compiled and tested with a stand-in; not tried on a Mac.

import type { UsbInterfaceInfo } from '../usb-bus.js';
import type { DeviceSource, DeviceTexts } from './device-source.js';
import type { NativeDevice } from './native.js';

export class OpeningSource implements DeviceSource {
  /** libusb makes a new object for each attachment. */
  readonly #attachments = new WeakMap<NativeDevice, number>();
  #count = 0;

  absence(): undefined {
    return undefined;
  }

  places(): readonly string[] {
    return [];
  }

  identify(device: NativeDevice): string {
    const known = this.#attachments.get(device) ?? ++this.#count;
    this.#attachments.set(device, known);
    return `${device.deviceAddress}:${known}`;
  }

  async describe(device: NativeDevice): Promise<DeviceTexts> {
    const interfaces = new Map<number, Pick<UsbInterfaceInfo, 'name'>>();
    const configuration = device.configDescriptor?.interfaces ?? [];
    try {
      device.open();
    } catch {
      const nothing = { manufacturer: undefined, product: undefined, serial: undefined };
      return { ...nothing, interfaces, isComplete: true }; // somebody else has it, or may have it only: it is known by its ids then
    }
    try {
      const { iManufacturer, iProduct, iSerialNumber } = device.deviceDescriptor;
      const strings = {
        manufacturer: await readString(device, iManufacturer),
        product: await readString(device, iProduct),
        serial: await readString(device, iSerialNumber),
      };
      for (const [{ bInterfaceNumber, iInterface }] of configuration) {
        const name = await readString(device, iInterface);
        if (name !== undefined) interfaces.set(bInterfaceNumber, { name });
      }
      return { ...strings, interfaces, isComplete: true };
    } finally {
      device.close();
    }
  }

  /** Nothing but an open would tell. */
  isAccessible(): boolean {
    return true;
  }

  nodeOf(): undefined {
    return undefined;
  }
}

/** @returns undefined if it has none, or does not tell */
function readString(device: NativeDevice, index: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (index === 0) resolve(undefined);
    else device.getStringDescriptor(index, (_error, text) => resolve(text));
  });
}
