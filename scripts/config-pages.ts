// docs/configuration.md and etc/probed.toml, out of the schema. `npx tsx scripts/config-pages.ts` writes them.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { stringify } from 'smol-toml';
import type { TSchema } from 'typebox';
import { describeAllowed, keyFacts } from '../src/config/describe-key.js';
import { lists } from '../src/config/schema.js';
import { tables } from '../src/config/tables.js';

export const pages = {
  'etc/probed.toml': defaultFile,
  'docs/configuration.md': referencePage,
};

const BEGIN = '<!-- keys: written by scripts/config-pages.ts -->';
const END = '<!-- end of keys -->';

/** Every key commented out: with its default, or with an example where it has none. */
function defaultFile(): string {
  const lines = [
    '# The configuration of probed. Every line that begins with "#" and a letter or bracket is a setting with its',
    '# default: take the "#" away to change it. What is allowed is in docs/configuration.md; "probed --check-config"',
    '# says what is wrong, and "probectl reload" makes it hold.',
  ];
  for (const [table, { description, properties }] of Object.entries<Section>(tables)) {
    lines.push('', '', ...comment(description), `[${table}]`);
    for (const [key, schema] of Object.entries(properties)) lines.push(...keyLines(key, schema));
  }
  for (const [table, { description, properties }] of Object.entries<Section>(lists)) {
    lines.push(
      '',
      '',
      ...comment(`${description} Repeat [[${table}]] as often as needed. An example:`),
      `#[[${table}]]`,
    );
    for (const [key, schema] of Object.entries(properties)) lines.push(...keyLines(key, schema));
  }
  return `${lines.join('\n')}\n`;
}

/** The hand-written page with the tables of keys in it renewed. */
function referencePage(page: string): string {
  const sections = [
    ...Object.entries<Section>(tables).map(([table, section]) => keyTable(`[${table}]`, section)),
    ...Object.entries<Section>(lists).map(([table, section]) => keyTable(`[[${table}]]`, section)),
  ];
  const begin = page.indexOf(BEGIN) + BEGIN.length;
  return `${page.slice(0, begin)}\n${sections.join('')}\n${page.slice(page.indexOf(END))}`;
}

interface Section {
  readonly description?: string;
  readonly properties: Readonly<Record<string, TSchema>>;
}

function keyTable(header: string, { description = '', properties }: Section): string {
  const rows = Object.entries(properties).map(([key, schema]) => {
    const facts = keyFacts(schema);
    const cells = [`\`${key}\``, facts.description, describeAllowed(schema), defaultText(schema)];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('*', '\\*')).join(' | ')} |\n`;
  });
  return `\n### \`${header}\`\n\n${description}\n\n| key | meaning | allowed | default |\n|---|---|---|---|\n${rows.join('')}`;
}

function defaultText(schema: TSchema): string {
  const facts = keyFacts(schema);
  if (facts.platformDefault) return 'see [Where it is](#where-it-is)';
  return facts.default === undefined ? 'none' : `\`${tomlValue(facts.default)}\``;
}

function keyLines(key: string, schema: TSchema): readonly string[] {
  const facts = keyFacts(schema);
  const unit = facts.unit === undefined ? '' : ` In ${facts.unit}.`;
  return [
    '',
    ...comment(`${facts.description}${unit}`),
    `#${key} = ${tomlValue(facts.default ?? facts.examples?.[0])}`,
  ];
}

function tomlValue(value: unknown): string {
  return stringify({ value })
    .replace(/^value = /, '')
    .trim();
}

/** Words in lines of at most 100 columns, each a comment that is not a setting: "# " first. */
function comment(text = ''): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length + 1 > 100) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, render] of Object.entries(pages)) {
    const target = path.join(import.meta.dirname, '..', file);
    writeFileSync(target, render(readFileSync(target, { encoding: 'utf8', flag: 'a+' })));
  }
}
