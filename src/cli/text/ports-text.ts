import type { Ports } from '../../control/snapshots.js';
import { harmless } from '../colour.js';
import type { Look } from './look.js';
import { table } from './table.js';

/** How much of the range is left, and whose the ports are that are given away. */
export function portsText(given: Ports, look: Look): string {
  const lines = [rangeText(given), ...(given.ports.length === 0 ? [] : ['', ...portTable(given, look)])];
  return lines.map((line) => `${line}\n`).join('');
}

function rangeText({ first, last, ports }: Ports): string {
  if (first === 0) return `ports that the system chooses at every start: ${ports.length} in use`;
  const inRange = ports.filter(({ port }) => first <= port && port <= last).length;
  const others = ports.length - inRange; // the config's own, or from when the range was another
  const outside = others === 0 ? '' : `, and ${others} outside`;
  return `ports ${first} to ${last}: ${inRange} given away, ${last - first + 1 - inRange} free${outside}`;
}

function portTable({ ports }: Ports, look: Look): string[] {
  return table<Ports['ports'][number]>(
    [
      { title: 'PORT', text: ({ port }) => String(port), align: 'right' },
      { title: 'UID', text: ({ uid }) => harmless(uid), cut: { least: 9, at: 'middle' } },
      { title: 'NAME', text: ({ name = '-' }) => harmless(name), cut: { least: 8, at: 'end' } },
      { title: 'PROBE', text: ({ present }) => (present ? 'present' : 'absent') },
    ],
    ports,
    look,
  );
}
