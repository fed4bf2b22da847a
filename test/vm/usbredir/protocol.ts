// Numbers and layouts of the usbredir protocol, version 0.7 (usbredir, docs/usb-redirection-protocol.md and
// usbredirparser/usbredirproto.h). All integers are little-endian, all structures packed.

/** Message types that a device and its host exchange. Those of isochronous and buffered streams are not among them. */
export const MessageType = {
  Hello: 0,
  DeviceConnect: 1,
  DeviceDisconnect: 2,
  Reset: 3,
  InterfaceInfo: 4,
  EndpointInfo: 5,
  SetConfiguration: 6,
  GetConfiguration: 7,
  ConfigurationStatus: 8,
  SetAltSetting: 9,
  GetAltSetting: 10,
  AltSettingStatus: 11,
  StartInterruptReceiving: 15,
  StopInterruptReceiving: 16,
  InterruptReceivingStatus: 17,
  CancelDataPacket: 21,
  FilterReject: 22,
  FilterFilter: 23,
  DeviceDisconnectAck: 24,
  ControlPacket: 100,
  BulkPacket: 101,
  InterruptPacket: 103,
} as const;

export const Status = {
  Success: 0,
  Cancelled: 1,
  Invalid: 2,
  IoError: 3,
  Stall: 4,
  Timeout: 5,
  Babble: 6,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Bit numbers of the capabilities in a hello. What both sides announce changes the layout of messages. */
export const Capability = {
  ConnectDeviceVersion: 1,
  EndpointInfoMaxPacketSize: 4,
  Ids64Bits: 5,
  BulkLength32Bits: 6,
} as const;

export const Speed = { Full: 1, High: 2 } as const;

export const TransferTypeCode = { control: 0, isochronous: 1, bulk: 2, interrupt: 3 } as const;
/** Of an endpoint that does not exist. */
export const NO_TRANSFER_TYPE = 255;

/** Tables of endpoints and interfaces have room for so many. */
export const TABLE_SIZE = 32;

/** Where an endpoint stands in such a table: 0 … 15 are OUT, 16 … 31 IN. */
export function endpointIndex(address: number): number {
  return ((address & 0x80) >> 3) | (address & 0x0f);
}

/** What both sides announced. */
export interface Agreement {
  readonly deviceVersion: boolean;
  readonly maxPacketSize: boolean;
  readonly ids64Bits: boolean;
  readonly bulkLength32Bits: boolean;
}

/** Before the other side's hello has come, and with one that announces nothing. */
export const NOTHING_AGREED: Agreement = {
  deviceVersion: false,
  maxPacketSize: false,
  ids64Bits: false,
  bulkLength32Bits: false,
};
