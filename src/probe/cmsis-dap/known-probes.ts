// Probes that are CMSIS-DAP by their ids alone, for those whose names do not say it.

import type { UsbDeviceInfo } from '../../usb/usb-bus.js';

/** Vendor id -> product ids. Only ids that are not used for anything but the probe. */
export const knownProbes: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [0x0d28, new Set([0x0204])], // Arm DAPLink
  [0x2e8a, new Set([0x000c])], // Raspberry Pi Debug Probe
  [0x1fc9, new Set([0x0090, 0x0143])], // NXP LPC-Link2, MCU-Link
  [0x04b4, new Set([0xf138, 0xf148, 0xf151, 0xf152, 0xf154, 0xf155, 0xf166])], // Infineon KitProg, MiniProg4
  // Microchip JTAGICE3, Atmel-ICE, Power Debugger, EDBG, mEDBG, nEDBG
  [0x03eb, new Set([0x2111, 0x2140, 0x2141, 0x2144, 0x2145, 0x2157, 0x2169, 0x216a, 0x216c, 0x2170, 0x2175])],
  [0xc251, new Set([0x2750, 0x2710, 0xf001])], // Keil ULINKplus, ULINK, probes on Keil's example ids
  [0x1a86, new Set([0x8011, 0x8012])], // WCH-Link in DAP mode
  [0x2a86, new Set([0x8011])], // WCH-Link in DAP mode
  [0x30cc, new Set([0x9527])], // Vega VT-LinkII
  [0x1209, new Set([0x2488])], // pico-debug, dapper-miser
  [0x1366, new Set([0x1008])], // J-Link OB in CMSIS-DAP mode
]);

export function isKnownProbe({ vendorId, productId }: UsbDeviceInfo): boolean {
  return knownProbes.get(vendorId)?.has(productId) ?? false;
}
