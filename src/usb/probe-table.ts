// Every debug probe that is known by its ids: what is served by them alone, what gets udev rules, and what is named with
// the reason why this version cannot serve it. Ids from OpenOCD's contrib/60-openocd.rules and the probes themselves.

import { hex16 } from '../base/hex.js';

/** What tells the make of a USB device. */
export interface UsbIds {
  readonly vendorId: number;
  readonly productId: number;
}

export interface KnownProbe {
  readonly vendorId: number;
  readonly productIds: readonly number[];
  readonly name: string;
  readonly support: ProbeSupport;
}

export type ProbeSupport =
  /** By the driver of that family. */
  | { readonly kind: 'served'; readonly family: 'cmsis-dap' }
  /** Only where the device itself says it is one: others have these ids, or other firmware. */
  | { readonly kind: 'served-if-named'; readonly family: 'cmsis-dap' }
  | { readonly kind: 'not-served'; readonly reason: string };

const served: ProbeSupport = { kind: 'served', family: 'cmsis-dap' };
const servedIfNamed: ProbeSupport = { kind: 'served-if-named', family: 'cmsis-dap' };
const otherProtocol = 'it speaks a protocol of its own, and this version serves CMSIS-DAP probes only';

function notServed(reason: string): ProbeSupport {
  return { kind: 'not-served', reason };
}

export const probeTable: readonly KnownProbe[] = [
  { vendorId: 0x0d28, productIds: [0x0204], name: 'Arm DAPLink', support: served },
  { vendorId: 0x2e8a, productIds: [0x000c], name: 'Raspberry Pi Debug Probe', support: served },
  { vendorId: 0x1fc9, productIds: [0x0090, 0x0143], name: 'NXP LPC-Link2 or MCU-Link', support: served },
  {
    vendorId: 0x04b4,
    productIds: [0xf138, 0xf148, 0xf151, 0xf152, 0xf154, 0xf155, 0xf166],
    name: 'Infineon KitProg or MiniProg4',
    support: served,
  },
  {
    // JTAGICE3, Atmel-ICE, Power Debugger, EDBG, mEDBG, nEDBG
    vendorId: 0x03eb,
    productIds: [0x2111, 0x2140, 0x2141, 0x2144, 0x2145, 0x2157, 0x2169, 0x216a, 0x216c, 0x2170, 0x2175],
    name: 'Microchip EDBG, Atmel-ICE or JTAGICE3',
    support: served,
  },
  { vendorId: 0xc251, productIds: [0x2750, 0x2710], name: 'Keil ULINK', support: served },
  { vendorId: 0xc251, productIds: [0xf001], name: "probe with Keil's example ids", support: served },
  { vendorId: 0x1a86, productIds: [0x8011, 0x8012], name: 'WCH-Link', support: served },
  { vendorId: 0x2a86, productIds: [0x8011], name: 'WCH-Link', support: served },
  { vendorId: 0x30cc, productIds: [0x9527], name: 'Vega VT-LinkII', support: served },
  { vendorId: 0x1209, productIds: [0x2488], name: 'pico-debug or dapper-miser', support: served },
  { vendorId: 0x1366, productIds: [0x1008], name: 'J-Link OB in CMSIS-DAP mode', support: served },

  { vendorId: 0x0483, productIds: [0x572a], name: 'RadioOperator', support: servedIfNamed },
  { vendorId: 0x0451, productIds: [0xbef3], name: 'TI XDS110', support: servedIfNamed },

  {
    vendorId: 0x0483,
    productIds: [
      ...[0x3744, 0x3748, 0x374a, 0x374b, 0x3752, 0x3742, 0x374d, 0x374e, 0x374f, 0x3753, 0x3754, 0x3755, 0x3757],
    ],
    name: 'ST-Link',
    support: notServed(otherProtocol),
  },
  {
    vendorId: 0x1366,
    productIds: [
      ...[0x0101, 0x0102, 0x0103, 0x0104, 0x0105, 0x0107, 0x0108, 0x1010, 0x1011, 0x1012, 0x1013, 0x1014, 0x1015],
      ...[0x1016, 0x1017, 0x1018, 0x1020, 0x1024, 0x1051, 0x1055, 0x1061],
    ],
    name: 'J-Link',
    support: notServed(otherProtocol),
  },
  {
    vendorId: 0x1d50,
    productIds: [0x6018],
    name: 'Black Magic Probe',
    support: notServed('it has a GDB server of its own, on its serial port'),
  },
  {
    vendorId: 0x303a,
    productIds: [0x1001, 0x1002],
    name: 'Espressif USB-JTAG',
    support: notServed(otherProtocol),
  },
  {
    // The chips with an MPSSE. FT-X (6015) has none: it is found in any serial cable, and in no debug adapter.
    vendorId: 0x0403,
    productIds: [0x6010, 0x6011, 0x6014],
    name: 'FTDI MPSSE chip',
    support: notServed('if it is a debug adapter at all, it is none with CMSIS-DAP'),
  },
  {
    vendorId: 0x0416,
    productIds: [0x511b, 0x511c, 0x511d, 0x5200, 0x5201],
    name: 'Nuvoton Nu-Link',
    support: notServed(otherProtocol),
  },
  { vendorId: 0x1a86, productIds: [0x55dd, 0x55de], name: 'WCH CH347', support: notServed(otherProtocol) },
  { vendorId: 0x1cbe, productIds: [0x00fd], name: 'TI Stellaris ICDI', support: notServed(otherProtocol) },
  {
    vendorId: 0x2e8a,
    productIds: [0x0004],
    name: 'picoprobe',
    support: notServed('its firmware is older than CMSIS-DAP: write debugprobe 2.2.0 or later to it'),
  },
  {
    vendorId: 0x04b4,
    productIds: [0xf139],
    name: 'KitProg',
    support: notServed('it is in KitProg mode: press its mode button until it is in CMSIS-DAP mode'),
  },
  {
    vendorId: 0x1a86,
    productIds: [0x8010],
    name: 'WCH-Link',
    support: notServed('it is in RISC-V mode: switch it to Arm mode'),
  },
];

const byId = new Map(
  probeTable.flatMap((probe) => probe.productIds.map((productId) => [idOf(probe.vendorId, productId), probe] as const)),
);

export function knownProbe({ vendorId, productId }: UsbIds): KnownProbe | undefined {
  return byId.get(idOf(vendorId, productId));
}

/** "0d28:0204" */
export function usbId({ vendorId, productId }: UsbIds): string {
  return `${hex16(vendorId)}:${hex16(productId)}`;
}

function idOf(vendorId: number, productId: number): number {
  return vendorId * 0x10000 + productId;
}
