import { hex16 } from '../../base/hex.js';
import type { ClientRow, Details } from '../../control/snapshots.js';
import { harmless } from '../colour.js';
import { age } from './age.js';
import type { Look } from './look.js';
import { stateText } from './status-text.js';
import { table } from './table.js';

/** Everything that is known of a probe, as paragraphs. */
export function showText(details: Details, look: Look): string {
  const { clients, settings, errors } = details;
  const paragraphs = [
    facts(details, look),
    clients.length === 0 ? ['no clients'] : clientTable(clients, look),
    settings.length === 0 ? [] : settings.map(({ key, value, from }) => harmless(`${key} = ${value}  (${from})`)),
    errors.map(({ at, error }) => harmless(`${age(at, look.now)} ago: ${error}`)),
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
    ['port', probe.port === undefined ? undefined : `${probe.port} on ${probe.addresses.join(', ')}`],
    ['usb', usb && `${usb.path}, ${hex16(usb.vid)}:${hex16(usb.pid)}${usb.serial ? `, serial ${usb.serial}` : ''}`],
    ['target', wireProtocol === undefined ? undefined : `connected with ${wireProtocol}`],
    ['opened', lastOpen ? `${age(lastOpen.at, now)} ago` : 'not opened yet'],
    ['firmware', lastOpen?.firmware],
    ['abilities', lastOpen?.capabilities.join(', ')],
    ['packets', packets(lastOpen)],
  ];
  return rows.flatMap(([title, value]) =>
    value === undefined ? [] : [`${paint('bold', title.padEnd(9))} ${harmless(value)}`],
  );
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
      { title: 'WHO', text: ({ principal = '-' }) => harmless(principal), cut: { least: 8, at: 'end' } },
      { title: 'SINCE', text: ({ since }) => age(since, look.now), align: 'right' },
      { title: 'REQUESTS', text: ({ requests }) => String(requests), align: 'right' },
      { title: 'BYTES', text: ({ bytesIn, bytesOut }) => String(bytesIn + bytesOut), align: 'right' },
      { title: 'HOLDS', text: ({ open, lockDepth }) => (lockDepth > 0 ? 'lock' : open ? 'open' : '-') },
    ],
    clients,
    look,
  );
}
