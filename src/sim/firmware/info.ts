import type { CommandTable } from './dap-state.js';
import { DapCommand } from './dap-command.js';

/** Ids of DAP_Info. */
export const InfoId = {
  Vendor: 0x01,
  Product: 0x02,
  SerialNumber: 0x03,
  ProtocolVersion: 0x04,
  TargetVendor: 0x05,
  TargetName: 0x06,
  BoardVendor: 0x07,
  BoardName: 0x08,
  FirmwareVersion: 0x09,
  Capabilities: 0xf0,
  TimestampClock: 0xf1,
  UartRxBufferSize: 0xfb,
  UartTxBufferSize: 0xfc,
  SwoBufferSize: 0xfd,
  PacketCount: 0xfe,
  PacketSize: 0xff,
} as const;

/** Bits of DAP_Info Capabilities. */
export const Capability = {
  Swd: 0x01,
  Jtag: 0x02,
  SwoUart: 0x04,
  SwoManchester: 0x08,
  Atomic: 0x10,
  Timestamp: 0x20,
  SwoStream: 0x40,
} as const;

/** Answers of DAP_Info by id: the bytes after the length. A string goes out with its terminating zero. */
export type InfoTable = ReadonlyMap<number, string | Uint8Array>;

/** @param bits  of `Capability`, any of which will do */
export function hasCapability(info: InfoTable, bits: number): boolean {
  const capabilities = info.get(InfoId.Capabilities);
  return capabilities instanceof Uint8Array && (capabilities[0] & bits) !== 0;
}

export const infoCommands: CommandTable = {
  [DapCommand.Info]: ({ info }, request, answer) => {
    const value = info.get(request.u8()) ?? new Uint8Array();
    const bytes = typeof value === 'string' ? new TextEncoder().encode(`${value}\0`) : value;
    answer.u8(bytes.length);
    answer.bytes(bytes);
  },
};
