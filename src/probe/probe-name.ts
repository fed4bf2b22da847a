import { hex16 } from '../base/hex.js';
import { knownProbe } from '../usb/probe-table.js';
import type { UsbDeviceInfo } from '../usb/usb-bus.js';

/** What a device calls itself; else what its ids are known by; else its ids. */
export function probeName(device: UsbDeviceInfo): { readonly vendor: string; readonly product: string } {
  const { manufacturer, product, vendorId, productId } = device;
  return {
    vendor: manufacturer ?? `0x${hex16(vendorId)}`,
    product: product ?? knownProbe(device)?.name ?? `0x${hex16(productId)}`,
  };
}
