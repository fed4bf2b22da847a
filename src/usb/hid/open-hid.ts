import { describeError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import type { UsbConnection, UsbDeviceInfo } from '../usb-bus.js';
import { UsbError } from '../usb-error.js';
import { HidConnection } from './hid-connection.js';
import type { HidDeviceInfo, NativeHid } from './native-hid.js';

/** Usage pages from here on are the vendors' own: HID Usage Tables 1.3, 3. CMSIS-DAP v1 has one of them. */
const VENDOR_USAGE_PAGES = 0xff00;

export interface HidPlace {
  readonly device: UsbDeviceInfo;
  readonly interfaceNumber: number;
  /** Of the attachment. */
  readonly gone: AbortSignal;
}

/**
 * Opens a HID interface through the system's HID service, where libusb may not claim it: on macOS. Not tried on a Mac.
 *
 * @param load  gives the module; called at the first use
 * @throws UsbError  `gone`, `io`
 */
export async function openHid(load: () => Promise<NativeHid>, place: HidPlace, clock: Clock): Promise<UsbConnection> {
  const { device, interfaceNumber, gone } = place;
  let hid: NativeHid;
  try {
    hid = await load();
  } catch (error) {
    throw new UsbError('io', 'the optional package node-hid is missing', { cause: error });
  }
  const { vendorId, productId } = device;
  const path = findPath(await asUsb('listing', hid.devicesAsync(vendorId, productId)), place);
  if (path === undefined) throw new UsbError('io', `the system has no HID device for interface ${interfaceNumber}`);
  return new HidConnection(await asUsb('opening', hid.HIDAsync.open(path)), { gone, clock });
}

/** hidapi has one error for everything. */
async function asUsb<T>(doing: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new UsbError('io', `${doing} HID devices: ${describeError(error)}`, { cause: error });
  }
}

function findPath(devices: readonly HidDeviceInfo[], { device, interfaceNumber }: HidPlace): string | undefined {
  const fitting = devices
    .filter(({ serialNumber }) => !device.serial || !serialNumber || serialNumber === device.serial)
    .filter(({ interface: number }) => number === interfaceNumber || number < 0);
  const vendors = fitting.filter(({ usagePage = VENDOR_USAGE_PAGES }) => usagePage >= VENDOR_USAGE_PAGES);
  return [...vendors, ...fitting].find(({ path }) => path !== undefined)?.path;
}
