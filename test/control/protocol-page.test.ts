import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultControlLimits } from '../../src/control/limits.js';
import { errorCodes, PROTOCOL_VERSION } from '../../src/control/messages.js';
import { commandRows, eventRows, shapeTables } from './reference.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/control-protocol.md'), 'utf8');

/** Rows of the table under a heading of any level, without its two lines of head. */
function rowsUnder(heading: string): string[] {
  const section = page.split(/^##+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.replace(/^\| *| *\|$/g, '').replace(/ *\| */g, ' | '));
}

describe('docs/control-protocol.md', () => {
  it('has every command of the table, as declared, and no other', () => {
    assert.deepEqual(rowsUnder('Commands'), commandRows());
  });

  it('has every shape with all its fields, and no other', () => {
    const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);

    assert.deepEqual(headings, [...shapeTables().keys()]);
    for (const [name, rows] of shapeTables()) assert.deepEqual(rowsUnder(name), rows, name);
  });

  it('has every kind of event, and no other', () => {
    assert.deepEqual(rowsUnder('Events'), eventRows());
  });

  it('has every code of an error, and no other', () => {
    const codes = rowsUnder('Errors').map((row) => row.split(' | ')[0].replaceAll('`', ''));

    assert.deepEqual(codes, errorCodes);
  });

  it('has the limits as they are, and the version', () => {
    const rows = rowsUnder('Limits').map((row) => row.split(' | ').slice(0, 2));

    assert.deepEqual(
      Object.fromEntries(rows.map(([name, value]) => [name.replaceAll('`', ''), Number(value)])),
      defaultControlLimits,
    );
    assert.match(page, new RegExp(`^Version ${PROTOCOL_VERSION}\\.`, 'm'));
  });
});
