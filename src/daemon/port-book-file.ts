// The text of one copy of the port book:
//
//   probed port book, format 1, generation 7, sha256 6f1e…
//   {
//    "E6616407E3646B29": {"port":5555,"name":"left"}
//   }

import { createHash } from 'node:crypto';

/** What is kept of a probe; fields of later versions are kept with it. Without `enabled` and `name` nobody has set them with probectl. */
export interface ProbeRecord {
  readonly port?: number;
  readonly enabled?: boolean;
  readonly name?: string;
}

export type DecodedBook =
  | { readonly state: 'intact'; readonly generation: number; readonly records: ReadonlyMap<string, ProbeRecord> }
  /** Whole, and in a format this version does not know. */
  | { readonly state: 'newer' }
  | { readonly state: 'damaged' };

const FORMAT = 1;

/** @param generation  counts up with every change; the copy with the higher one is the later */
export function encodeBook(generation: number, records: ReadonlyMap<string, ProbeRecord>): Uint8Array {
  const lines = [...records].map(([uid, record]) => ` ${JSON.stringify(uid)}: ${JSON.stringify(record)}`);
  const body = `{\n${lines.join(',\n')}\n}\n`;
  const checksum = checksumOf(FORMAT, generation, Buffer.from(body));
  return Buffer.from(`probed port book, format ${FORMAT}, generation ${generation}, sha256 ${checksum}\n${body}`);
}

export function decodeBook(bytes: Uint8Array): DecodedBook {
  const headerEnd = bytes.indexOf(0x0a);
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, Math.max(headerEnd, 0)));
  const fields = /^probed port book, format (\d+), generation (\d+), sha256 ([0-9a-f]{64})$/.exec(header);
  if (!fields) return { state: 'damaged' };
  const [format, generation] = [Number(fields[1]), Number(fields[2])];
  const body = bytes.subarray(headerEnd + 1);
  if (checksumOf(format, generation, body) !== fields[3]) return { state: 'damaged' };
  if (format !== FORMAT) return { state: 'newer' };
  const records = readRecords(new TextDecoder().decode(body));
  return records ? { state: 'intact', generation, records } : { state: 'damaged' };
}

function checksumOf(format: number, generation: number, body: Uint8Array): string {
  return createHash('sha256').update(`${format} ${generation}\n`).update(body).digest('hex');
}

/** The checksum tells damage; this, a file that somebody else made. */
function readRecords(body: string): ReadonlyMap<string, ProbeRecord> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entries: [string, unknown][] = Object.entries(value);
  const records = new Map<string, ProbeRecord>();
  const ports = new Set<number>();
  for (const [uid, record] of entries) {
    if (!isRecord(record)) return undefined;
    if (record.port !== undefined && ports.has(record.port)) return undefined;
    if (record.port !== undefined) ports.add(record.port);
    records.set(uid, record);
  }
  return records;
}

function isRecord(value: unknown): value is ProbeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { port, enabled, name }: Partial<Record<keyof ProbeRecord, unknown>> = value;
  return (
    (port === undefined || (typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= 65535)) &&
    (enabled === undefined || typeof enabled === 'boolean') &&
    (name === undefined || typeof name === 'string')
  );
}
