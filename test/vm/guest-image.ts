// The guest's kernel and disk: built once from Debian's packages, and kept outside the checkout.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { bundleForGuest } from './guest-side/bundle.js';

const recipe = path.join(import.meta.dirname, 'guest');
/** What nobody has used for so long is deleted: an image is half a gigabyte. */
const KEEP_DAYS = 7;

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  /** An ext4 file system, raw; never written to. */
  readonly disk: string;
}

/**
 * Finds the image that belongs to the recipe in guest/ and to this Node, or builds it (half a minute).
 *
 * @throws Error  with the end of what the build printed
 */
export function guestImage(): GuestImage {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'probed');
  const agent = bundleForGuest('agent');
  const folder = path.join(cache, `vm-${recipeHash(agent)}`);
  if (!existsSync(folder)) build(folder, agent);
  const now = new Date();
  utimesSync(folder, now, now);
  removeOld(cache, now);
  return {
    kernel: path.join(folder, 'vmlinux'),
    initrd: path.join(folder, 'initrd'),
    disk: path.join(folder, 'root.img'),
  };
}

/** Under another name until it is whole: a build that was killed leaves nothing that looks like an image. */
function build(folder: string, agent: string): void {
  const unfinished = `${folder}.${process.pid}`;
  console.log(`building the guest image ${folder}`);
  mkdirSync(unfinished, { recursive: true });
  const agentFile = path.join(unfinished, 'agent.js');
  writeFileSync(agentFile, agent);
  const command = path.join(recipe, 'build-image');
  const options = { encoding: 'utf8', timeout: 600_000 } as const;
  const { status, error, stdout, stderr } = spawnSync(command, [unfinished, agentFile], options);
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`the guest image cannot be built:\n${`${stdout}${stderr}`.slice(-4000)}`, { cause: error });
  }
  renameSync(unfinished, folder);
}

/** Of the names, modes and bytes of all files of the recipe, of the agent, and of the Node that goes into the image. */
function recipeHash(agent: string): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n${agent}`);
  const files = readdirSync(recipe, { recursive: true, encoding: 'utf8' }).sort();
  for (const file of files) {
    const stats = statSync(path.join(recipe, file));
    if (!stats.isFile()) continue;
    hash.update(`${file} ${(stats.mode & 0o111).toString(8)}\n`).update(readFileSync(path.join(recipe, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function removeOld(cache: string, now: Date): void {
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith('vm-'))) {
    const folder = path.join(cache, name);
    const ageMs = now.getTime() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? now.getTime());
    if (ageMs > KEEP_DAYS * 86_400_000) rmSync(folder, { recursive: true, force: true });
  }
}
