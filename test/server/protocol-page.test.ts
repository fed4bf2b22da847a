import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describeSchema } from '../../src/jsonl/schema.js';
import type { Request } from '../../src/jsonl/request-table.js';
import { probeRequests } from '../../src/server/probe-requests.js';
import type { ClientContext } from '../../src/server/requests/probe-request.js';
import { defaultLimits } from '../../src/server/limits.js';
import { declaredRequests } from '../../src/protocol/request-names.js';
import { statusOf } from '../../src/protocol/status.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');

/** Rows of the table under a heading, without its two lines of head. */
function rowsUnder(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.replace(/^\| *| *\|$/g, '').replace(/ *\| */g, ' | '));
}

function rowOf({ name, args, result, summary }: Request<ClientContext>): string {
  const list = args.list.map((argument) => `\`${argument.name}\`: ${describeSchema(argument.schema)}`).join('; ');
  const answer = result.schema ? `${describeSchema(result.schema)}${result.optional ? ', or none' : ''}` : '–';
  return [`\`${name}\``, list === '' ? '–' : list, answer, summary].join(' | ');
}

describe('docs/protocol.md', () => {
  it('has every request of the table, as declared, and no other', () => {
    assert.deepEqual(rowsUnder('Requests'), probeRequests.map(rowOf));
  });

  it('is about requests that clients know, too: the server answers what is declared, and nothing else', () => {
    assert.deepEqual(
      probeRequests.map(({ name }) => name),
      declaredRequests.map(({ name }) => name),
    );
  });

  it('has every kind of error with its status, and no other', () => {
    const rows = rowsUnder('Status').map((row) => row.split(' | ').slice(0, 2));
    const documented = rows.flatMap(([status, kinds]) =>
      [...kinds.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => [kind, Number(status)]),
    );

    assert.deepEqual(Object.fromEntries(documented), statusOf);
  });

  it('has the limits as they are', () => {
    const rows = rowsUnder('Limits').map((row) => row.split(' | ').slice(0, 2));
    const documented = Object.fromEntries(rows.map(([name, value]) => [name.replaceAll('`', ''), Number(value)]));

    assert.deepEqual(documented, defaultLimits);
  });
});
