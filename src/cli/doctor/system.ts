import type { MachineFiles } from '../../base/machine-files.js';

/** What `doctor` reads of the machine. Nothing here throws for what is missing or forbidden. */
export interface System extends MachineFiles {
  /** `process.platform` */
  readonly platform: string;
  /** As `process.versions.node`: "20.19.0". */
  readonly nodeVersion: string;
  readonly userName: string;
  readonly isRoot: boolean;
  /** Ids of the groups this process is in. */
  readonly groupIds: readonly number[];
  /** Whether this user may read and write. */
  access(path: string): Promise<'granted' | 'denied' | 'missing'>;
  /** The group of a file; undefined if there is none. */
  groupIdOf(path: string): Promise<number | undefined>;
}
