import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TSchema } from 'typebox';
import { parse, stringify } from 'smol-toml';
import { keyFacts } from '../../src/config/describe-key.js';
import { lists } from '../../src/config/schema.js';
import { tables } from '../../src/config/tables.js';
import { pages } from '../../scripts/config-pages.js';
import { loadText } from './load-text.js';

const root = path.join(import.meta.dirname, '../..');
const defaultFile = readFileSync(path.join(root, 'etc/probed.toml'), 'utf8');
const referencePage = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');

/** Every declared key: "listen.first_port", "probe.uid". */
const declared = Object.entries<{ properties: Record<string, TSchema> }>({ ...tables, ...lists }).flatMap(
  ([table, { properties }]) =>
    Object.entries(properties).map(([key, schema]) => ({ table, key, facts: keyFacts(schema) })),
);
const declaredNames = declared.map(({ table, key }) => `${table}.${key}`);

/** As a user does: takes the "#" away from every line that has no space behind it. */
function uncomment(text: string): string {
  return text.replace(/^#(?=[a-z[])/gm, '');
}

function keysOf(value: unknown): readonly string[] {
  assert(typeof value === 'object' && value !== null);
  return Object.keys(value);
}

describe('etc/probed.toml', () => {
  it('changes nothing as it is', () => {
    assert.deepEqual(loadText(defaultFile).settings, loadText('').settings);
  });

  it('means the defaults with every setting taken out of its comment', () => {
    const settingsOnly = uncomment(defaultFile.slice(0, defaultFile.indexOf('#[[')));

    assert.deepEqual(loadText(settingsOnly).settings, loadText('').settings);
  });

  it('has every key there is, each with its default, and no other', () => {
    const document = parse(uncomment(defaultFile));

    const written = Object.entries(document).flatMap(([table, content]) =>
      keysOf(Array.isArray(content) ? content[0] : content).map((key) => `${table}.${key}`),
    );
    assert.deepEqual(written.sort(), declaredNames.toSorted());
    const [probe] = loadText(uncomment(defaultFile)).settings.probe;
    assert.equal(probe.enabled, true);
    assert.equal(probe.memory_handles, false);
    assert.equal(probe.sharing, 'shared');
  });

  it('is the one the schema makes', () => {
    assert.equal(defaultFile, pages['etc/probed.toml'](), 'run: npx tsx scripts/config-pages.ts');
  });
});

describe('docs/configuration.md', () => {
  it('has every key there is, and no other', () => {
    const written: string[] = [];
    let table = '';
    for (const [, header, key] of referencePage.matchAll(/^### `\[+(\w+)\]+`|^\| `(\w+)` \|/gm)) {
      if (header) table = header;
      else written.push(`${table}.${key}`);
    }

    assert.deepEqual(written, declaredNames);
  });

  it('is the one the schema makes', () => {
    assert.equal(referencePage, pages['docs/configuration.md'](referencePage), 'run: npx tsx scripts/config-pages.ts');
  });

  it('has examples that can be copied', () => {
    const examples = [...referencePage.matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text]) => text);

    assert(examples.length > 0);
    for (const example of examples) loadText(example);
  });
});

describe('a key', () => {
  for (const { table, key, facts } of declared) {
    it(`${table}.${key} is described, and its example is taken`, () => {
      const example = facts.examples?.at(0);
      assert(facts.description.endsWith('.'));
      assert(example !== undefined);

      const isList = Object.hasOwn(lists, table);
      const content = { ...(table === 'probe' && { uid: 'A' }), [key]: example };
      const settings = loadText(stringify({ [table]: isList ? [content] : content })).settings;

      const merged: unknown = Reflect.get(settings, table);
      assert.deepEqual(Reflect.get(Object(Array.isArray(merged) ? merged[0] : merged), key), example);
    });
  }
});
