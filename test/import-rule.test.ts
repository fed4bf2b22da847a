import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/** The table "Dependencies point one way" of docs/architecture.md: folder -> folders it may import. */
function allowedImports(): Map<string, readonly string[]> {
  const page = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
  const block = /Dependencies point one way[\s\S]*?```\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const allowed = new Map<string, readonly string[]>();
  for (const [, folder, imports] of block.matchAll(/^([a-z/]+): ([a-z ]+)/gm)) {
    allowed.set(folder, imports.trim().split(' '));
  }
  return allowed;
}

/** The longest prefix of `file` that the table names: "usb/libusb" before "usb". */
function folderOf(file: string, folders: Iterable<string>): string {
  const inside = path.dirname(file).split(path.sep).join('/');
  const matching = [...folders].filter((folder) => inside === folder || inside.startsWith(`${folder}/`));
  return matching.sort((a, b) => b.length - a.length).at(0) ?? inside;
}

describe('the import rule', () => {
  const allowed = allowedImports();
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.ts'),
  );

  it('is written down for every folder of src', () => {
    const missing = files.map((file) => folderOf(file, allowed.keys())).filter((f) => f !== '.' && !allowed.has(f));

    assert.deepEqual([...new Set(missing)], []);
  });

  it('holds for every import', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = folderOf(file, allowed.keys());
      if (from === '.' || allowed.get(from)?.includes('all')) continue; // main.ts and main/
      const text = readFileSync(path.join(root, 'src', file), 'utf8');
      for (const [, target] of text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)) {
        const to = folderOf(path.join(path.dirname(file), target), allowed.keys());
        const top = to.split('/')[0];
        if (to !== from && top !== from && !(allowed.get(from) ?? []).includes(top))
          wrong.push(`src/${file} imports ${to}`);
      }
    }

    assert.deepEqual(wrong, []);
  });
});
