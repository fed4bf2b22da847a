import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { machineFiles } from '../../base/machine-files.js';
import type { System } from './system.js';

/** What only `main.ts` can know. */
export type ProcessFacts = Pick<System, 'platform' | 'nodeVersion' | 'userName' | 'isRoot' | 'groupIds'>;

/** The machine this process runs on. */
export function nodeSystem(facts: ProcessFacts): System {
  return {
    ...facts,
    ...machineFiles,
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
