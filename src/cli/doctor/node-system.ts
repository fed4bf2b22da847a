import { constants } from 'node:fs';
import { access, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { findGroup } from '../../base/find-group.js';
import type { System } from './system.js';

/** What only `main.ts` can know. */
export type ProcessFacts = Pick<System, 'platform' | 'nodeVersion' | 'userName' | 'isRoot' | 'groupIds'>;

/** The machine this process runs on. */
export function nodeSystem(facts: ProcessFacts): System {
  return {
    ...facts,
    readText: (path) => readFile(path, 'utf8').catch(() => undefined),
    findGroup,
    list: (path) => readdir(path).catch(() => undefined),
    readLink: (path) => readlink(path).catch(() => undefined),
    groupIdOf: (path) =>
      stat(path).then(
        ({ gid }) => gid,
        () => undefined,
      ),
    access: (path) =>
      access(path, constants.R_OK | constants.W_OK).then(
        () => 'granted',
        (error: unknown) =>
          error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'denied',
      ),
  };
}
