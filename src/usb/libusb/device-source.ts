import type { UsbInterfaceInfo } from '../usb-bus.js';
import type { NativeDevice } from './native.js';

/** What the system tells of a device beside its descriptors. */
export interface DeviceTexts {
  // undefined: it has none
  readonly manufacturer: string | undefined;
  readonly product: string | undefined;
  readonly serial: string | undefined;
  /** By bInterfaceNumber. */
  readonly interfaces: ReadonlyMap<number, Pick<UsbInterfaceInfo, 'name' | 'hidReports'>>;
  /** False while the system is still making the interfaces: their names come one by one. */
  readonly isComplete: boolean;
}

/** Where that comes from; every system has its own way. */
export interface DeviceSource {
  /** Why there is no USB on this machine; undefined if there is. */
  absence(): string | undefined;
  /** What is plugged in according to the system, as `placeOf` writes it; without hubs. Empty where it does not tell. */
  places(): readonly string[];
  /** Tells this attachment from any other in the same socket. @returns undefined if it has left */
  identify(device: NativeDevice): string | undefined;
  describe(device: NativeDevice): Promise<DeviceTexts>;
  isAccessible(device: NativeDevice): boolean;
  /** The file that is opened to use the device, where there is one. */
  nodeOf(device: NativeDevice): string | undefined;
}

/** "1-2.4:17": bus, ports and address. */
export function placeOf(device: NativeDevice): string {
  return `${portPathOf(device)}:${device.deviceAddress}`;
}

/** "1-2.4": bus and ports. */
export function portPathOf({ busNumber, portNumbers = [] }: NativeDevice): string {
  return `${busNumber}-${portNumbers.join('.')}`;
}
