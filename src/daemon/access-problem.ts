import type { UsbDeviceInfo } from '../usb/usb-bus.js';

/** What is wrong with a device that the system does not let us open. */
export function accessProblem({ node, portPath }: UsbDeviceInfo): string {
  return `no permission to open ${node ?? `the USB device at ${portPath}`}`;
}
