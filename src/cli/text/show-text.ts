import { hex16 } from '../../base/hex.js';
import { pyocdCommand } from '../../control/pyocd-command.js';
import { pyocdOptions } from '../../control/pyocd-options.js';
import type { ClientRow, Details, WaitingRow } from '../../control/snapshots.js';
import { harmless } from '../colour.js';
import { age } from './age.js';
import type { Look } from './look.js';
import { reservationText } from './reservation-text.js';
import { stateText } from './status-text.js';
import { table } from './table.js';

/** What sharing cannot hide: docs/sharing.md. */
const SHARED = [
  'Each client has a DAP of its own. The target they have in common: run and halt,',
  'breakpoints, resets and flash are those of all.',
];

/** Everything that is known of a probe, as paragraphs. */
export function showText(details: Details, look: Look): string {
  const { clients, queue, settings, errors } = details;
  const paragraphs = [
    facts(details, look),
    clients.length === 0 ? ['no clients'] : clientTable(clients, look),
    clients.filter(({ open }) => open).length > 1 ? SHARED : [],
    queue.length === 0 ? [] : queueTable(queue, look),
    settings.length === 0 ? [] : settings.map(settingText),
    errors.map(({ at, error, times }) =>
      harmless(`${age(at, look.now)} ago: ${error}${times === undefined ? '' : ` (${times} times)`}`),
    ),
  ];
  return paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

function facts({ probe, usb, wireProtocol, lastOpen }: Details, { paint, now }: Look): string[] {
  const reason = probe.reason === undefined ? '' : ` (${probe.reason})`;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['uid', probe.uid],
    ['name', probe.name],
    ['probe', `${probe.vendor} ${probe.product}`],
    ['family', probe.family],
    ['state', `${stateText(probe.state)}${reason} for ${age(probe.since, now)}`],
    ['reserved', probe.reservation && reservationText(probe.reservation, now)],
    ['port', probe.port === undefined ? undefined : `${probe.port} on ${probe.addresses.join(', ')}`],
    ['usb', usb && `${usb.path}, ${hex16(usb.vid)}:${hex16(usb.pid)}${usb.serial ? `, serial ${usb.serial}` : ''}`],
    ['target', joined(probe.target, wireProtocol && `connected with ${wireProtocol}`)],
    ['pyocd', probe.port === undefined ? undefined : pyocdOptions(probe) || pyocdCommand(probe)],
    ['opened', lastOpen ? `${age(lastOpen.at, now)} ago` : 'not opened yet'],
    ['firmware', lastOpen?.firmware],
    ['abilities', lastOpen?.capabilities.join(', ')],
    ['packets', packets(lastOpen)],
  ];
  return rows.flatMap(([title, value]) =>
    value === undefined ? [] : [`${paint('bold', title.padEnd(9))} ${harmless(value)}`],
  );
}

/** What there is of it; undefined if there is nothing. */
function joined(...parts: readonly (string | undefined)[]): string | undefined {
  return parts.filter((part) => part !== undefined && part !== '').join(', ') || undefined;
}

function settingText({ key, value, from, still }: Details['settings'][number]): string {
  const until = still === undefined ? '' : `; ${still} until its last client leaves`;
  return harmless(`${key} = ${value}  (${from}${until})`);
}

function packets(lastOpen: Details['lastOpen']): string | undefined {
  if (lastOpen?.packetSizeBytes === undefined) return undefined;
  const ahead = lastOpen.packetCount === undefined ? '' : `, ${lastOpen.packetCount} ahead`;
  return `${lastOpen.packetSizeBytes} bytes${ahead}`;
}

function clientTable(clients: readonly ClientRow[], look: Look): string[] {
  return table<ClientRow>(
    [
      { title: 'CLIENT', text: ({ client }) => String(client), align: 'right' },
      { title: 'ADDRESS', text: ({ address }) => harmless(address), cut: { least: 12, at: 'end' } },
      { title: 'WHO', text: ({ principal }) => harmless(principal), cut: { least: 8, at: 'end' } },
      { title: 'SINCE', text: ({ since }) => age(since, look.now), align: 'right' },
      { title: 'REQUESTS', text: ({ requests }) => String(requests), align: 'right' },
      { title: 'BYTES', text: ({ bytesIn, bytesOut }) => String(bytesIn + bytesOut), align: 'right' },
      { title: 'HOLDS', text: heldText },
    ],
    clients,
    look,
  );
}

/** What it has of the probe that others cannot have meanwhile; else whether it has it open. */
function heldText({ open, lockDepth, capturesSwo, holdsReset }: ClientRow): string {
  const held = [lockDepth > 0 && 'lock', capturesSwo && 'SWO', holdsReset && 'nRESET'].filter(Boolean);
  return held.join(', ') || (open ? 'open' : '-');
}

function queueTable(queue: readonly WaitingRow[], look: Look): string[] {
  return table<WaitingRow & { readonly place: number }>(
    [
      { title: 'WAITS', text: ({ place }) => String(place), align: 'right' },
      { title: 'CLIENT', text: ({ client }) => String(client), align: 'right' },
      { title: 'ADDRESS', text: ({ address }) => harmless(address), cut: { least: 12, at: 'end' } },
      { title: 'WHO', text: ({ principal }) => harmless(principal), cut: { least: 8, at: 'end' } },
      { title: 'SINCE', text: ({ since }) => age(since, look.now), align: 'right' },
    ],
    queue.map((row, i) => ({ ...row, place: i + 1 })),
    look,
  );
}
