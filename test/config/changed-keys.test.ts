import assert from 'node:assert/strict';
import type { TSchema } from 'typebox';
import { keyFacts } from '../../src/config/describe-key.js';
import { lists } from '../../src/config/schema.js';
import { keysChanged, keysForNextStart } from '../../src/config/changed-keys.js';
import { tables } from '../../src/config/tables.js';
import { loadText } from './load-text.js';

const EVERYTHING = `
[listen]
first_port = 6000
[limits]
line_bytes = 65536
[access]
queue_timeout = 5
[control]
socket = "/run/lab.sock"
group = "lab"
mode = "0600"
[families]
off = ["cmsis-dap"]
[log]
level = "debug"
format = "json"
[state]
directory = "/srv/probed"
[[probe]]
uid = "A1"
name = "left"
[[simulate]]
count = 2
`;

describe('a new config', () => {
  it('holds at once, but for the keys that count when the daemon starts', () => {
    const changed = keysForNextStart(loadText(''), loadText(EVERYTHING));

    assert.deepEqual(changed, [
      'control.socket',
      'control.group',
      'control.mode',
      'log.format',
      'state.directory',
      'simulate',
    ]);
    assert.deepEqual(keysForNextStart(loadText(EVERYTHING), loadText(EVERYTHING)), []);
  });

  it('changes, at once and for all probes, the keys that differ', () => {
    const changed = keysChanged(loadText(''), loadText(EVERYTHING));

    assert.deepEqual(changed, [
      ...['listen.first_port', 'limits.line_bytes', 'access.queue_timeout', 'families.off', 'log.level'],
    ]);
    assert.deepEqual(keysChanged(loadText(EVERYTHING), loadText(EVERYTHING)), []);
  });

  it('has these keys described as such, and no others', () => {
    const described = Object.entries(tables).flatMap(([table, { properties }]) =>
      Object.entries<TSchema>(properties).flatMap(([key, schema]) =>
        keyFacts(schema).description.includes('next start') ? [`${table}.${key}`] : [],
      ),
    );
    const list = Object.entries(lists).flatMap(([name, list]) =>
      keyFacts(list).description.includes('next start') ? [name] : [],
    );

    assert.deepEqual([...described, ...list], keysForNextStart(loadText(''), loadText(EVERYTHING)));
  });
});
