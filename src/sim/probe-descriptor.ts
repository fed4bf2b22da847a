// The descriptors of the simulated probe: those of a DAPLink.

import { ENDPOINT_IN, UsbClass, type UsbInterfaceInfo } from '../usb/usb-bus.js';
import type { SimDescriptor } from './usb/sim-usb-device.js';

export type SimTransports = 'v1' | 'v2' | 'both';

/** Endpoint addresses of the simulated probe. */
export const ProbeEndpoint = {
  Control: 0x00,
  HidOut: 0x01,
  HidIn: 0x01 | ENDPOINT_IN,
  BulkOut: 0x02,
  BulkIn: 0x02 | ENDPOINT_IN,
  SwoIn: 0x03 | ENDPOINT_IN,
} as const;

export interface DescriptorOptions {
  readonly uid: string;
  readonly transports: SimTransports;
  readonly packetSizeBytes: number;
  readonly bulkPacketSizeBytes: number;
  readonly swoStream: boolean;
  readonly hidOut: boolean;
}

export function probeDescriptor(options: DescriptorOptions): SimDescriptor {
  const interfaces: UsbInterfaceInfo[] = [];
  if (options.transports !== 'v2') interfaces.push(hidInterface(options));
  if (options.transports !== 'v1') interfaces.push(bulkInterface(interfaces.length, options));
  return {
    vendorId: 0x0d28,
    productId: 0x0204,
    deviceVersion: 0x1000,
    manufacturer: 'Arm',
    product: 'DAPLink CMSIS-DAP',
    serial: options.uid,
    interfaces,
  };
}

function hidInterface({ packetSizeBytes, hidOut }: DescriptorOptions): UsbInterfaceInfo {
  // An interrupt endpoint carries up to 64 bytes at full speed, 1024 at high speed (USB 2.0, 5.7.3).
  const maxPacketSizeBytes = Math.min(packetSizeBytes, packetSizeBytes > 64 ? 1024 : 64);
  return {
    number: 0,
    classCode: UsbClass.Hid,
    subclassCode: 0,
    protocolCode: 0,
    name: 'CMSIS-DAP v1',
    endpoints: [
      { address: ProbeEndpoint.HidIn, transferType: 'interrupt', maxPacketSizeBytes },
      ...(hidOut ? [{ address: ProbeEndpoint.HidOut, transferType: 'interrupt', maxPacketSizeBytes } as const] : []),
    ],
    hidReports: { inputSizeBytes: packetSizeBytes, outputSizeBytes: packetSizeBytes },
  };
}

/** In the order CMSIS-DAP gives a meaning: commands, answers, SWO. */
function bulkInterface(number: number, { bulkPacketSizeBytes, swoStream }: DescriptorOptions): UsbInterfaceInfo {
  const bulk = { transferType: 'bulk', maxPacketSizeBytes: bulkPacketSizeBytes } as const;
  return {
    number,
    classCode: UsbClass.Vendor,
    subclassCode: 0,
    protocolCode: 0,
    name: 'CMSIS-DAP v2',
    endpoints: [
      { address: ProbeEndpoint.BulkOut, ...bulk },
      { address: ProbeEndpoint.BulkIn, ...bulk },
      ...(swoStream ? [{ address: ProbeEndpoint.SwoIn, ...bulk }] : []),
    ],
  };
}
