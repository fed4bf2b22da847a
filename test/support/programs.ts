import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

const root = path.join(import.meta.dirname, '../..');

/** probed and probectl, and who runs them. */
export interface Programs {
  /** The Node that runs them. Left out: the one that runs the tests. */
  readonly node?: string;
  /** What Node is given to run one of them. */
  readonly command: (program: 'main' | 'cli/main') => readonly string[];
  readonly cwd: string;
  /** Left out: the user who runs the tests. */
  readonly uid?: number;
  readonly gid?: number;
}

/** As `npm run build` has made them, which start four times as fast as the sources. */
export const builtPrograms: Programs = { command: (program) => [path.join(root, `dist/${program}.js`)], cwd: root };

/** From the sources, or with PROBED_PROGRAMS=built the built ones; as the user who runs the tests. */
export const ownPrograms: Programs =
  process.env.PROBED_PROGRAMS === 'built'
    ? builtPrograms
    : { command: (program) => ['--import', 'tsx', path.join(root, `src/${program}.ts`)], cwd: root };

/** "nobody" and his group, on every system we know. */
const NOBODY = { uid: 65534, gid: 65534 };

export interface BundledPrograms extends Disposable {
  /** Run by the user who runs the tests. */
  readonly own: Programs;
  /** Run by a user whom permissions hold off: by "nobody" where root runs the tests. */
  readonly unprivileged: Programs;
}

/** As they are shipped, and in a place where anybody may read them, which the sources need not be. */
export function bundledPrograms(): BundledPrograms {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-programs-'));
  chmodSync(folder, 0o755);
  copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  execFileSync(process.execPath, [path.join(root, 'scripts/bundle.js'), path.join(folder, 'dist')], { cwd: root });
  const own: Programs = {
    command: (program) => [path.join(folder, `dist/${program}.js`)],
    cwd: folder,
    node: nodeForAll(folder),
  };
  return {
    own,
    unprivileged: process.geteuid?.() === 0 ? { ...own, ...NOBODY } : own,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The Node that runs the tests, or where it is in a place that is not for everybody, such as root's own, a copy of it. */
function nodeForAll(folder: string): string {
  const { execPath } = process;
  for (let above = path.dirname(execPath); ; above = path.dirname(above)) {
    if ((statSync(above).mode & 0o001) === 0) break;
    if (above === path.dirname(above)) return execPath;
  }
  const copy = path.join(folder, 'node');
  copyFileSync(execPath, copy);
  chmodSync(copy, 0o755);
  return copy;
}
