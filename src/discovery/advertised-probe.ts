// What the network is told of a probe: the TXT record of its service. docs/discovery.md is its reference.

import { GIVEN_NAME } from '../base/given-name.js';
import { hex16 } from '../base/hex.js';

/** The service type: `_probed._tcp` (RFC 6763, 4.1.2). */
export const SERVICE_TYPE = 'probed';

/** A probe as its TXT record describes it, and where it is. */
export interface AdvertisedProbe {
  readonly uid: string;
  readonly name?: string;
  /** USB vendor and product id. */
  readonly vendorId: number;
  readonly productId: number;
  readonly product: string;
  /** The target type behind it, by pyOCD's name. */
  readonly target?: string;
  /** One word, such as "ready" or "in-use". */
  readonly state: string;
  /** The name its machine gives itself. */
  readonly host: string;
  readonly port: number;
}

/** One string of a TXT record, its key and "=" included (RFC 6763, 6.1). */
const MAX_STRING_BYTES = 255;
/** As people may give it to a probe. */
const NAME = new RegExp(`^${GIVEN_NAME.pattern}$`);
/** One label of a domain name (RFC 1035, 2.3.4). */
const MAX_LABEL_BYTES = 63;

/** Whether its uid, which cut short would be another, fits into a record. */
export function isAdvertisable({ uid }: Pick<AdvertisedProbe, 'uid'>): boolean {
  return byteLength(`uid=${uid}`) <= MAX_STRING_BYTES;
}

/** Key and value of each string of the record. What is too long, and is only for people, is cut. */
export function toTxt(probe: AdvertisedProbe): Readonly<Record<string, string>> {
  const { uid, name, vendorId, productId, product, target, state, host, port } = probe;
  const texts = {
    ...{ txtvers: '1', uid, ...(name !== undefined && { name }) },
    ...{ vid: hex16(vendorId), pid: hex16(productId), product, ...(target !== undefined && { target }) },
    ...{ state, host, port: String(port) },
  };
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, cut(text, MAX_STRING_BYTES - key.length - 1)]),
  );
}

/**
 * Reads a record that anybody may have sent.
 *
 * @param strings  each "key=value" in UTF-8
 * @param place    `port`: that of the SRV record, which is the one that counts; `host`: what to call one without a name
 * @returns        undefined for one that is none of ours or that has in it what is no text: what is read here gets
 *                 into terminals, and into commands that people paste
 */
export function fromTxt(
  strings: readonly Uint8Array[],
  { port, host }: Pick<AdvertisedProbe, 'port' | 'host'>,
): AdvertisedProbe | undefined {
  const texts = new Map<string, string>();
  for (const bytes of strings) {
    const text = decode(bytes);
    if (text === undefined) return undefined;
    const end = text.indexOf('=');
    const key = text.slice(0, Math.max(end, 0)).toLowerCase();
    if (!texts.has(key)) texts.set(key, text.slice(end + 1)); // the first one counts: RFC 6763, 6.4
  }
  const uid = texts.get('uid') ?? '';
  const vendorId = fromHexId(texts.get('vid'));
  const productId = fromHexId(texts.get('pid'));
  if (uid === '' || vendorId === undefined || productId === undefined || port < 1 || port > 0xffff) return undefined;
  const name = fitting(texts.get('name'), NAME);
  const target = fitting(texts.get('target'), /^\w[\w.+/-]{0,63}$/);
  return {
    ...{ uid, vendorId, productId, port },
    product: texts.get('product') ?? '',
    ...(name !== undefined && { name }),
    ...(target !== undefined && { target }),
    state: fitting(texts.get('state'), /^[a-z-]{1,32}$/) ?? 'unknown',
    host: fitting(texts.get('host'), /^\w[\w.-]{0,62}$/) ?? host,
  };
}

/**
 * What the service of a probe is called: "left on lab1". Without dots, at which the advertising library would split it;
 * the TXT record has the uid as it is.
 */
export function instanceName({ uid, name, host }: Pick<AdvertisedProbe, 'uid' | 'name' | 'host'>): string {
  const place = ` on ${cut(host, MAX_LABEL_BYTES / 2)}`;
  // Room for " (12)", which is added where another service has that name.
  return `${cut(name ?? uid, MAX_LABEL_BYTES - 5 - byteLength(place))}${place}`.replaceAll('.', '-');
}

/** Four hexadecimal digits, as `lsusb` prints them. */
function fromHexId(text = ''): number | undefined {
  return /^[0-9a-f]{4}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

function fitting(text: string | undefined, pattern: RegExp): string | undefined {
  return text !== undefined && pattern.test(text) ? text : undefined;
}

/** UTF-8 without control and format characters, bidirectional ones among them; undefined for anything else. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return /\p{C}/u.test(text) ? undefined : text;
  } catch {
    return undefined; // what is no UTF-8 is no text
  }
}

/** As many whole characters as fit into so many bytes of UTF-8. */
function cut(text: string, maxBytes: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
