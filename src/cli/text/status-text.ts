import type { ProbeRow, ProbeState, Problem, Status } from '../../control/snapshots.js';
import { type Colour, harmless } from '../colour.js';
import { age, remaining } from './age.js';
import type { Look } from './look.js';
import { type Column, table } from './table.js';

const colourOf: Record<ProbeState, Colour> = {
  ready: 'green',
  'in-use': 'bold',
  absent: 'dim',
  'no-permission': 'red',
  'not-served': 'dim',
  ignored: 'dim',
  failed: 'red',
};

/** A state in words: "in use". */
export function stateText(state: ProbeState): string {
  return state.replace('-', ' ');
}

/** The table of `status`, and a line for each problem. */
export function statusText({ version, pid, since, probes, problems, loopDelayMs }: Status, look: Look): string {
  const delay = loopDelayMs === undefined ? '' : `, event loop late by ${loopDelayMs.toFixed(1)} ms (p99)`;
  const head = `probed ${version}, pid ${pid}, up ${age(since, look.now)}${delay}`;
  const body = probes.length === 0 ? ['no probes'] : probeTable(probes, look);
  return [head, '', ...body, ...problemLines(problems, look)].map((line) => `${line}\n`).join('');
}

function probeTable(probes: readonly ProbeRow[], look: Look): string[] {
  const reserved: Column<ProbeRow> = {
    title: 'RESERVED',
    text: ({ reservation }) =>
      reservation ? `${harmless(reservation.principal)} ${remaining(reservation.until, look.now)}` : '-',
    cut: { least: 8, at: 'end' },
  };
  return table<ProbeRow>(
    [
      { title: 'NAME', text: ({ name = '-' }) => harmless(name), cut: { least: 8, at: 'end' } },
      { title: 'UID', text: ({ uid }) => harmless(uid), cut: { least: 9, at: 'middle' } },
      { title: 'PROBE', text: ({ product }) => harmless(product), cut: { least: 12, at: 'end' } },
      { title: 'PORT', text: ({ port }) => (port === undefined ? '-' : String(port)), align: 'right' },
      {
        title: 'STATE',
        text: ({ state }) => stateText(state),
        paint: ({ state }, text) => look.paint(colourOf[state], text),
      },
      {
        title: 'CLIENTS',
        text: ({ clients, waiting }) => (waiting === 0 ? String(clients) : `${clients}, ${waiting} wait`),
        align: 'right',
      },
      { title: 'SINCE', text: ({ since }) => age(since, look.now), align: 'right' },
      ...(probes.some(({ reservation }) => reservation) ? [reserved] : []),
    ],
    probes,
    look,
  );
}

export function problemLines(problems: readonly Problem[], { paint }: Look): string[] {
  if (problems.length === 0) return [];
  return [
    '',
    ...problems.map(({ uid, what, remedy }) => {
      const about = uid === undefined ? '' : `${harmless(uid)}: `;
      return `${paint('red', '!')} ${about}${harmless(what)}: ${harmless(remedy)}`;
    }),
  ];
}
