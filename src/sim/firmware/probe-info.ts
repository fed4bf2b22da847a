import { Capability, InfoId, type InfoTable } from './info.js';

export interface ProbeInfoOptions {
  readonly uid: string;
  /** The probe has the streaming endpoint for SWO. */
  readonly stream: boolean;
  readonly packetSizeBytes: number;
  readonly packetCount: number;
  /** 0: no timestamps. */
  readonly timestampClockHz: number;
  readonly swoBufferSizeBytes: number;
  /** Takes the place of what is here; null: absent. */
  readonly overrides: Readonly<Record<number, string | Uint8Array | null>>;
}

/** What a well-behaved probe answers to DAP_Info. */
export function probeInfo(options: ProbeInfoOptions): InfoTable {
  const { timestampClockHz } = options;
  const capabilities =
    Capability.Swd |
    Capability.Jtag |
    Capability.SwoUart |
    Capability.SwoManchester |
    Capability.Atomic |
    (timestampClockHz > 0 ? Capability.Timestamp : 0) |
    (options.stream ? Capability.SwoStream : 0);
  const table = new Map<number, string | Uint8Array>([
    [InfoId.Vendor, 'Arm'],
    [InfoId.Product, 'DAPLink CMSIS-DAP'],
    [InfoId.SerialNumber, options.uid],
    [InfoId.ProtocolVersion, '2.1.1'],
    [InfoId.BoardVendor, 'probed'],
    [InfoId.BoardName, 'simulated board'],
    [InfoId.FirmwareVersion, '0258'],
    [InfoId.Capabilities, Uint8Array.of(capabilities, 0)],
    [InfoId.SwoBufferSize, littleEndian(options.swoBufferSizeBytes, 4)],
    [InfoId.PacketCount, Uint8Array.of(options.packetCount)],
    [InfoId.PacketSize, littleEndian(options.packetSizeBytes, 2)],
  ]);
  if (timestampClockHz > 0) table.set(InfoId.TimestampClock, littleEndian(timestampClockHz, 4));
  for (const [id, value] of Object.entries(options.overrides)) {
    if (value === null) table.delete(Number(id));
    else table.set(Number(id), value);
  }
  return table;
}

function littleEndian(value: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (value >>> (8 * i)) & 0xff);
}
