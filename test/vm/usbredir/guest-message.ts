// What the machine with the USB port asks of the device.

import { type Agreement, Capability, MessageType } from './protocol.js';
import type { RawMessage } from './message-reader.js';

export interface ControlRequest {
  readonly requestType: number;
  readonly request: number;
  readonly value: number;
  readonly index: number;
  readonly length: number;
  /** Of the data stage, host to device. */
  readonly data: Buffer;
}

export type GuestMessage =
  | { readonly kind: 'hello'; readonly version: string; readonly agreement: Agreement }
  | { readonly kind: 'control'; readonly id: bigint; readonly endpoint: number; readonly control: ControlRequest }
  /** `lengthBytes`: how much is sent, or asked for. */
  | {
      readonly kind: 'bulk';
      readonly id: bigint;
      readonly endpoint: number;
      readonly lengthBytes: number;
      readonly data: Buffer;
    }
  | { readonly kind: 'interrupt'; readonly id: bigint; readonly endpoint: number; readonly data: Buffer }
  | { readonly kind: 'start-interrupt'; readonly id: bigint; readonly endpoint: number }
  | { readonly kind: 'stop-interrupt'; readonly id: bigint; readonly endpoint: number }
  | { readonly kind: 'set-configuration'; readonly id: bigint; readonly configuration: number }
  | { readonly kind: 'get-configuration'; readonly id: bigint }
  | { readonly kind: 'set-alt'; readonly id: bigint; readonly interfaceNumber: number; readonly alt: number }
  | { readonly kind: 'get-alt'; readonly id: bigint; readonly interfaceNumber: number }
  /** Of the packet with that id; it is still answered. */
  | { readonly kind: 'cancel'; readonly id: bigint }
  | { readonly kind: 'reset' }
  | { readonly kind: 'other'; readonly type: number };

const CONTROL_HEADER_BYTES = 10;
const INTERRUPT_HEADER_BYTES = 4;

/** @param agreement  decides the layout of some messages */
export function decodeGuestMessage({ type, id, body }: RawMessage, agreement: Agreement): GuestMessage {
  switch (type) {
    case MessageType.Hello:
      return decodeHello(body);
    case MessageType.ControlPacket:
      return { kind: 'control', id, endpoint: body[0], control: decodeControl(body) };
    case MessageType.BulkPacket: {
      // endpoint, status, length, stream id, and the upper half of the length where it was agreed on
      const lengthHigh = agreement.bulkLength32Bits ? body.readUInt16LE(8) : 0;
      const data = body.subarray(agreement.bulkLength32Bits ? 10 : 8);
      return { kind: 'bulk', id, endpoint: body[0], lengthBytes: lengthHigh * 0x10000 + body.readUInt16LE(2), data };
    }
    case MessageType.InterruptPacket:
      return { kind: 'interrupt', id, endpoint: body[0], data: body.subarray(INTERRUPT_HEADER_BYTES) };
    case MessageType.StartInterruptReceiving:
      return { kind: 'start-interrupt', id, endpoint: body[0] };
    case MessageType.StopInterruptReceiving:
      return { kind: 'stop-interrupt', id, endpoint: body[0] };
    case MessageType.SetConfiguration:
      return { kind: 'set-configuration', id, configuration: body[0] };
    case MessageType.GetConfiguration:
      return { kind: 'get-configuration', id };
    case MessageType.SetAltSetting:
      return { kind: 'set-alt', id, interfaceNumber: body[0], alt: body[1] };
    case MessageType.GetAltSetting:
      return { kind: 'get-alt', id, interfaceNumber: body[0] };
    case MessageType.CancelDataPacket:
      return { kind: 'cancel', id };
    case MessageType.Reset:
      return { kind: 'reset' };
    default:
      return { kind: 'other', type };
  }
}

/** A version of 64 characters, then words of capability bits. */
function decodeHello(body: Buffer): GuestMessage {
  const capabilities = body.length >= 68 ? body.readUInt32LE(64) : 0;
  const has = (bit: number): boolean => (capabilities & (1 << bit)) !== 0;
  return {
    kind: 'hello',
    version: body.toString('latin1', 0, 64).replace(/\0.*$/s, ''),
    agreement: {
      deviceVersion: has(Capability.ConnectDeviceVersion),
      maxPacketSize: has(Capability.EndpointInfoMaxPacketSize),
      ids64Bits: has(Capability.Ids64Bits),
      bulkLength32Bits: has(Capability.BulkLength32Bits),
    },
  };
}

/** endpoint, request, request type, status, value, index, length */
function decodeControl(body: Buffer): ControlRequest {
  return {
    request: body[1],
    requestType: body[2],
    value: body.readUInt16LE(4),
    index: body.readUInt16LE(6),
    length: body.readUInt16LE(8),
    data: body.subarray(CONTROL_HEADER_BYTES),
  };
}
