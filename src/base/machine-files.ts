import { readdir, readFile, readlink } from 'node:fs/promises';

/** What the system tells of itself in files. Nothing here throws for what is missing or forbidden. */
export interface MachineFiles {
  /** A file's text; undefined if it cannot be read. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a directory; undefined if it cannot be read. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** Where a symbolic link points; undefined if it cannot be read. */
  readLink(path: string): Promise<string | undefined>;
}

/** Those of the machine this process runs on. */
export const machineFiles: MachineFiles = {
  readText: (path) => readFile(path, 'utf8').catch(() => undefined),
  list: (path) => readdir(path).catch(() => undefined),
  readLink: (path) => readlink(path).catch(() => undefined),
};
