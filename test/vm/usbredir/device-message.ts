// What the device tells and answers. Each function makes the body of one message.

import type { SimDescriptor } from '../../../src/sim/usb/sim-usb-device.js';
import type { ControlRequest } from './guest-message.js';
import {
  type Agreement,
  Capability,
  endpointIndex,
  NO_TRANSFER_TYPE,
  Speed,
  type Status,
  TABLE_SIZE,
  TransferTypeCode,
} from './protocol.js';

/** Announces all that changes a layout: the side in QEMU does so as well. */
export function hello(): Buffer {
  const body = Buffer.alloc(68);
  body.write('probed emulated probe', 'latin1');
  const capabilities = Object.values(Capability).reduce((bits, bit) => bits | (1 << bit), 0);
  body.writeUInt32LE(capabilities, 64);
  return body;
}

/** bDeviceClass and its companions are 0: each interface says for itself. */
export function deviceConnect(descriptor: SimDescriptor, agreement: Agreement): Buffer {
  const body = Buffer.alloc(agreement.deviceVersion ? 10 : 8);
  body[0] = speedOf(descriptor);
  body.writeUInt16LE(descriptor.vendorId, 4);
  body.writeUInt16LE(descriptor.productId, 6);
  if (agreement.deviceVersion) body.writeUInt16LE(descriptor.deviceVersion, 8);
  return body;
}

/** High speed where an endpoint is too large for full speed (USB 2.0, 5.7.3 and 5.8.3). */
export function speedOf({ interfaces }: SimDescriptor): number {
  const largest = Math.max(...interfaces.flatMap(({ endpoints }) => endpoints.map((e) => e.maxPacketSizeBytes)));
  return largest > 64 ? Speed.High : Speed.Full;
}

/** A count, then tables of numbers, classes, subclasses and protocols. */
export function interfaceInfo({ interfaces }: SimDescriptor): Buffer {
  const body = Buffer.alloc(4 + 4 * TABLE_SIZE);
  body.writeUInt32LE(interfaces.length, 0);
  interfaces.forEach(({ number, classCode, subclassCode, protocolCode }, i) => {
    [number, classCode, subclassCode, protocolCode].forEach((value, table) => {
      body[4 + table * TABLE_SIZE + i] = value;
    });
  });
  return body;
}

/** Tables of types, intervals, interface numbers and packet sizes. */
export function endpointInfo({ interfaces }: SimDescriptor, agreement: Agreement): Buffer {
  const body = Buffer.alloc(3 * TABLE_SIZE + (agreement.maxPacketSize ? 2 * TABLE_SIZE : 0));
  body.fill(NO_TRANSFER_TYPE, 0, TABLE_SIZE);
  for (const address of [0x00, 0x80]) {
    body[endpointIndex(address)] = TransferTypeCode.control;
    if (agreement.maxPacketSize) body.writeUInt16LE(64, 3 * TABLE_SIZE + 2 * endpointIndex(address));
  }
  for (const { number, endpoints } of interfaces) {
    for (const { address, transferType, maxPacketSizeBytes } of endpoints) {
      const i = endpointIndex(address);
      body[i] = TransferTypeCode[transferType];
      body[TABLE_SIZE + i] = transferType === 'interrupt' ? INTERRUPT_INTERVAL : 0;
      body[2 * TABLE_SIZE + i] = number;
      if (agreement.maxPacketSize) body.writeUInt16LE(maxPacketSizeBytes, 3 * TABLE_SIZE + 2 * i);
    }
  }
  return body;
}

/** bInterval of interrupt endpoints: as often as the bus can. */
export const INTERRUPT_INTERVAL = 1;

export function configurationStatus(status: Status, configuration: number): Buffer {
  return Buffer.of(status, configuration);
}

export function altSettingStatus(status: Status, interfaceNumber: number, alt: number): Buffer {
  return Buffer.of(status, interfaceNumber, alt);
}

export function interruptReceivingStatus(status: Status, endpoint: number): Buffer {
  return Buffer.of(status, endpoint);
}

/** The answer to a control packet; `data` of a device-to-host one. */
export function controlAnswer(endpoint: number, request: ControlRequest, status: Status, data?: Uint8Array): Buffer {
  const header = Buffer.alloc(10);
  header.set([endpoint, request.request, request.requestType, status]);
  header.writeUInt16LE(request.value, 4);
  header.writeUInt16LE(request.index, 6);
  header.writeUInt16LE(data ? data.length : request.length, 8);
  return data ? Buffer.concat([header, data]) : header;
}

/** The answer to a bulk packet: `lengthBytes` went out, or `data` came in. */
export function bulkAnswer(
  agreement: Agreement,
  answer: {
    readonly endpoint: number;
    readonly status: Status;
    readonly lengthBytes: number;
    readonly data?: Uint8Array;
  },
): Buffer {
  const header = Buffer.alloc(agreement.bulkLength32Bits ? 10 : 8);
  header.set([answer.endpoint, answer.status]);
  header.writeUInt16LE(answer.lengthBytes & 0xffff, 2);
  if (agreement.bulkLength32Bits) header.writeUInt16LE(answer.lengthBytes >>> 16, 8);
  return answer.data ? Buffer.concat([header, answer.data]) : header;
}

/** The answer to an interrupt packet, or one that came in. */
export function interruptPacket(endpoint: number, status: Status, lengthBytes: number, data?: Uint8Array): Buffer {
  const header = Buffer.of(endpoint, status, lengthBytes & 0xff, lengthBytes >>> 8);
  return data ? Buffer.concat([header, data]) : header;
}
