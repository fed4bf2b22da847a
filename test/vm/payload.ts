// What is tested, as a disk for the guest: the built program and the packages it needs.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
/** What scripts/build-test-debs makes; it comes with the rest of dist. */
export const TEST_PACKAGES = 'dist/test-debs';
/** Room for the file system's own tables. */
const SPARE_MB = 16;

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/**
 * Makes a disk of the checkout as `npm install --omit=dev` would leave it, at `disk`.
 *
 * @param folder  for what is being put together
 */
export function buildPayload(disk: string, folder: string): void {
  const staged = path.join(folder, 'payload');
  if (!existsSync(path.join(root, 'dist/main.js'))) throw new Error('nothing is built: npm run build');
  mkdirSync(staged, { recursive: true });
  for (const name of ['package.json', 'dist', 'etc', 'packaging'])
    cpSync(path.join(root, name), path.join(staged, name), { recursive: true, filter: (file) => !isRelease(file) });
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as Lockfile;
  for (const [name, { dev, devOptional }] of Object.entries(packages)) {
    // The binaries for other platforms are in the lockfile and not on the disk.
    if (name === '' || dev || devOptional || !existsSync(path.join(root, name))) continue;
    cpSync(path.join(root, name), path.join(staged, name), { recursive: true });
  }
  const sizeMb = Number(/^\d+/.exec(execFileSync('du', ['-sm', staged], { encoding: 'utf8' }))?.[0]) + SPARE_MB;
  rmSync(disk, { force: true });
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', staged, disk, `${sizeMb}M`]);
  rmSync(staged, { recursive: true });
}

/** Packages to be handed on, which may be lying here. */
function isRelease(file: string): boolean {
  return ['dist/deb', 'dist/npm'].includes(path.relative(root, file));
}
