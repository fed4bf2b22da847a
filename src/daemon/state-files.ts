// The few file operations that what must survive a crash is kept with, so that tests can crash between any two.

import { type FileHandle, mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../base/errors.js';
import { withFile } from './with-file.js';

export interface StateFiles {
  /** Makes the directory and those above it; fine if it exists. */
  makeDirectory(directory: string): Promise<void>;
  /** @returns undefined if there is no such file */
  read(file: string): Promise<Uint8Array | undefined>;
  /** Replaces the content and waits until it is on the disk. A crash meanwhile leaves any part of it. */
  write(file: string, content: Uint8Array): Promise<void>;
  /** Replaces `to`. Atomic, and lasting after the next `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  /** Waits until the names in the directory are on the disk. */
  syncDirectory(directory: string): Promise<void>;
}

/** Puts a file in the place of another, or of none: after a crash there is the old one or the new one, whole. */
export async function replaceFile(
  files: StateFiles,
  directory: string,
  name: string,
  content: Uint8Array,
): Promise<void> {
  const file = path.join(directory, name);
  await files.write(`${file}.new`, content);
  await files.rename(`${file}.new`, file);
  await files.syncDirectory(directory);
}

/** The machine's own file system. */
export const systemFiles: StateFiles = {
  async makeDirectory(directory) {
    await mkdir(directory, { recursive: true });
  },

  async read(file) {
    try {
      return await readFile(file);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  },

  async write(file, content) {
    const task = async (handle: FileHandle): Promise<void> => {
      await handle.writeFile(content);
      await handle.sync();
    };
    await withFile(file, 'w', task, 0o644);
  },

  rename,

  async syncDirectory(directory) {
    await withFile(directory, 'r', async (handle) => {
      try {
        await handle.sync();
      } catch (error) {
        // fsync(2): EINVAL where the file system has no such thing for directories. Nothing better can be done there.
        if (systemErrorCode(error) !== 'EINVAL') throw error;
      }
    });
  },
};

/** Keeps nothing, and fails at nothing: for a daemon whose state is not worth keeping. */
export const noFiles: StateFiles = {
  makeDirectory: () => Promise.resolve(),
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
  rename: () => Promise.resolve(),
  syncDirectory: () => Promise.resolve(),
};
