import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors.js';
import { findGroup } from '../../base/find-group.js';
import { machineFiles } from '../../base/machine-files.js';
import type { System } from './system.js';

/** What only `main.ts` can know. */
export type ProcessFacts = Pick<System, 'platform' | 'nodeVersion' | 'userName' | 'isRoot' | 'groupIds'>;

/** The machine this process runs on. */
export function nodeSystem(facts: ProcessFacts): System {
  return {
    ...facts,
    ...machineFiles,
    findGroup,
    groupIdOf: (path) =>
      stat(path).then(
        ({ gid }) => gid,
        () => undefined,
      ),
    access: (path) =>
      access(path, constants.R_OK | constants.W_OK).then(
        () => 'granted',
        (error: unknown) => (systemErrorCode(error) === 'ENOENT' ? 'missing' : 'denied'),
      ),
  };
}
