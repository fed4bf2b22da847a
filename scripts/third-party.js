// The licences of what others wrote and we hand on: dist/THIRD-PARTY.txt, which every package of ours carries.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {readonly string[]} files  what went into the bundles, as esbuild's metafile names it
 * @param {readonly string[]} names  packages that are installed beside the bundles
 */
export function thirdPartyNotices(files, names) {
  const folders = files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const all = new Set([...folders, ...names.map((name) => `node_modules/${name}`)]);
  return [...all].sort().map(notice).join('');
}

function notice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  return `-- ${name} ${version}, ${license} --\n\n${texts.map((text) => `${text}\n\n`).join('')}`;
}
