// The few file operations of the audit log, so that tests can let any of them fail.

import { mkdir, type FileHandle, rename } from 'node:fs/promises';
import { systemErrorCode } from '../base/errors.js';
import { withFile } from './with-file.js';

export interface AuditFiles {
  /** Makes the directory and those above it; fine if it exists. */
  makeDirectory(directory: string): Promise<void>;
  /**
   * Adds text at the end of a file, all of it or nothing. A file that is not there is made, readable for its group.
   *
   * @returns  the size of the file then, in bytes
   */
  append(file: string, text: string): Promise<number>;
  /** Gives a file another name, which may be that of a file there is. Fine if there is no such file. */
  rename(from: string, to: string): Promise<void>;
}

/** For the user probed runs as to write, and its group to read. */
const MODE = 0o640;
const DIRECTORY_MODE = 0o750;

/** The machine's own file system. */
export const auditFiles: AuditFiles = {
  async makeDirectory(directory) {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  },

  // Opened for each write: so it may be moved away, or deleted, by whoever else rotates logs.
  async append(file, text) {
    const task = async (handle: FileHandle): Promise<number> => {
      const { size } = await handle.stat();
      if (size === 0) await handle.chmod(MODE); // whatever the umask is
      try {
        await handle.appendFile(text);
      } catch (error) {
        await handle.truncate(size).catch(() => undefined); // half a line would spoil the next one; the first error is told
        throw error;
      }
      return size + Buffer.byteLength(text);
    };
    return await withFile(file, 'a', task, MODE);
  },

  async rename(from, to) {
    try {
      await rename(from, to);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  },
};
