// The bytes of USB descriptors, made from what the simulated device says of itself.

import type { SimDescriptor } from '../../../src/sim/usb/sim-usb-device.js';
import type { UsbInterfaceInfo } from '../../../src/usb/usb-bus.js';
import { INTERRUPT_INTERVAL } from './device-message.js';

/** bDescriptorType (USB 2.0, table 9-5; HID 1.11, 7.1). */
const DescriptorType = { Device: 1, Configuration: 2, String: 3, Interface: 4, Endpoint: 5, Hid: 0x21, Report: 0x22 };
const TransferTypeBits = { control: 0, isochronous: 1, bulk: 2, interrupt: 3 } as const;
const ENGLISH_US = 0x0409;

export class Descriptors {
  /** String by index; 0 is the list of languages. */
  readonly #strings: string[] = [''];
  readonly #device: Buffer;
  readonly #configuration: Buffer;

  constructor(readonly descriptor: SimDescriptor) {
    this.#device = this.#deviceDescriptor();
    this.#configuration = this.#configurationDescriptor();
  }

  /**
   * @param value  type in the upper byte, index in the lower one (USB 2.0, 9.4.3)
   * @param index  for class descriptors the interface number
   * @returns      undefined: there is none, which a device says with a STALL
   */
  get(value: number, index: number): Buffer | undefined {
    switch (value >> 8) {
      case DescriptorType.Device:
        return this.#device;
      case DescriptorType.Configuration:
        return (value & 0xff) === 0 ? this.#configuration : undefined;
      case DescriptorType.String:
        return this.#string(value & 0xff);
      case DescriptorType.Hid:
        return this.#hid(index, hidDescriptor);
      case DescriptorType.Report:
        return this.#hid(index, reportDescriptor);
      default:
        return undefined;
    }
  }

  #deviceDescriptor(): Buffer {
    const { vendorId, productId, deviceVersion, manufacturer, product, serial } = this.descriptor;
    const strings = [manufacturer, product, serial].map((text) => this.#indexOf(text));
    return Buffer.of(
      ...[18, DescriptorType.Device, ...u16(0x0200), 0, 0, 0, 64],
      ...[...u16(vendorId), ...u16(productId), ...u16(deviceVersion), ...strings, 1],
    );
  }

  #configurationDescriptor(): Buffer {
    const { interfaces } = this.descriptor;
    const rest = Buffer.concat(interfaces.map((info) => this.#interfaceDescriptor(info)));
    const selfPoweredNot = 0x80;
    const currentMa = 100;
    const head = [9, DescriptorType.Configuration, ...u16(9 + rest.length), interfaces.length, 1, 0, selfPoweredNot];
    return Buffer.concat([Buffer.of(...head, currentMa / 2), rest]);
  }

  #interfaceDescriptor(info: UsbInterfaceInfo): Buffer {
    const { number, endpoints, classCode, subclassCode, protocolCode, name } = info;
    const classes = [classCode, subclassCode, protocolCode, this.#indexOf(name)];
    return Buffer.concat([
      Buffer.of(9, DescriptorType.Interface, number, 0, endpoints.length, ...classes),
      ...(info.hidReports ? [hidDescriptor(info.hidReports)] : []),
      ...endpoints.map(({ address, transferType, maxPacketSizeBytes }) =>
        Buffer.of(
          ...[7, DescriptorType.Endpoint, address, TransferTypeBits[transferType], ...u16(maxPacketSizeBytes)],
          transferType === 'interrupt' ? INTERRUPT_INTERVAL : 0,
        ),
      ),
    ]);
  }

  /** Index 0 stands for no string. An empty one exists. */
  #indexOf(text: string | undefined): number {
    return text === undefined ? 0 : this.#strings.push(text) - 1;
  }

  #string(index: number): Buffer | undefined {
    if (index >= this.#strings.length) return undefined;
    const bytes = index === 0 ? Buffer.of(...u16(ENGLISH_US)) : Buffer.from(this.#strings[index], 'utf16le');
    return Buffer.concat([Buffer.of(2 + bytes.length, DescriptorType.String), bytes]);
  }

  #hid(interfaceNumber: number, make: (reports: HidReports) => Buffer): Buffer | undefined {
    const info = this.descriptor.interfaces.find(({ number }) => number === interfaceNumber);
    return info?.hidReports && make(info.hidReports);
  }
}

type HidReports = NonNullable<UsbInterfaceInfo['hidReports']>;

/** HID 1.11, 6.2.1. */
function hidDescriptor(reports: HidReports): Buffer {
  const lengthBytes = reportDescriptor(reports).length;
  return Buffer.of(9, DescriptorType.Hid, ...u16(0x0111), 0, 1, DescriptorType.Report, ...u16(lengthBytes));
}

/** One input and one output report of bytes on a vendor's page, without report ids (HID 1.11, 6.2.2). */
function reportDescriptor({ inputSizeBytes, outputSizeBytes }: HidReports): Buffer {
  return Buffer.of(
    ...[0x06, ...u16(0xff00)], // usage page: vendor
    ...[0x09, 0x01], // usage 1
    ...[0xa1, 0x01], // collection: application
    ...[0x15, 0x00, 0x26, ...u16(0xff), 0x75, 0x08], // values 0 … 255 of 8 bits
    ...[0x96, ...u16(inputSizeBytes), 0x09, 0x01, 0x81, 0x02], // so many, input: data, variable, absolute
    ...[0x96, ...u16(outputSizeBytes), 0x09, 0x01, 0x91, 0x02], // so many, output
    0xc0, // end of the collection
  );
}

function u16(value: number): [number, number] {
  return [value & 0xff, value >>> 8];
}
