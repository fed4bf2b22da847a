import type { SimDescriptor, SimUsbDevice } from '../../src/sim/usb/sim-usb-device.js';
import { usbDevice } from '../probe/scripted-usb.js';

/** A device that can be plugged in and looked at, and never answers. */
export function inertDevice(changes: Partial<SimDescriptor> = {}): SimUsbDevice {
  const nothing = (): void => undefined;
  return {
    descriptor: usbDevice(changes),
    ...{ attached: nothing, detached: nothing, claimed: nothing, released: nothing, receive: nothing, taken: nothing },
    accepts: () => false,
  };
}
