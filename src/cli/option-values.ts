// Texts of the command line that stand for more than themselves.

import { isIP } from 'node:net';
import type { TcpAddress } from '../client/endpoint.js';
import type { Wait } from './remote/wait-for-probe.js';
import { UsageError } from './report-error.js';
import { type ListFormat, listFormats } from './text/list-text.js';

const HOUR_MS = 3_600_000;
const UNITS: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: HOUR_MS };
/** Node's timers hold 31 bits of milliseconds: nearly 25 days. */
const MAX_WAIT_HOURS = 596;
/** pyOCD: session option probeserver.port. */
const DEFAULT_PORT = 5555;
const MAX_PORT = 65_535;

/** "", "30", "30s", "5m", "1h"; undefined where --wait is not given. @throws UsageError */
export function parseWait(text: string | undefined): Wait {
  if (text === undefined) return { kind: 'no' };
  if (text === '') return { kind: 'for-ever' };
  const [, number = '', unit = ''] = /^(\d+)([smh]?)$/.exec(text) ?? [];
  if (number === '') throw new UsageError('--wait must be a time such as 30, 30s, 5m or 1h, or nothing: --wait=30s');
  const ms = Number(number) * (UNITS[unit] ?? 1000);
  if (ms > MAX_WAIT_HOURS * HOUR_MS)
    throw new UsageError(`--wait is ${MAX_WAIT_HOURS}h at most: without a time it waits for ever`);
  return { kind: 'limited', ms };
}

/** @throws UsageError */
export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port >= 0 && port <= MAX_PORT)) throw new UsageError(`--port must be a number from 0 to ${MAX_PORT}`);
  return port;
}

/** "lab", "lab:5555", "[::1]:5555", "::1". @throws UsageError */
export function parseAddress(given: string): TcpAddress {
  if (isIP(given) === 6) return { host: given, port: DEFAULT_PORT };
  const groups: Partial<Record<string, string>> =
    /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d+))?$/.exec(given)?.groups ?? {};
  const { v6, name, port } = groups;
  const host = v6 ?? name;
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (host === undefined || number < 1 || number > MAX_PORT || (v6 !== undefined && isIP(v6) !== 6)) {
    throw new UsageError(`${given} is no address: write HOST:PORT, such as lab:5555 or [fe80::1]:5555`);
  }
  return { host, port: number };
}

/** @throws UsageError */
export function parseFormat(text: string | undefined): ListFormat {
  const format = text === undefined ? 'table' : listFormats.find((known) => known === text);
  if (!format) throw new UsageError(`--output must be one of ${listFormats.join(', ')}`);
  return format;
}
