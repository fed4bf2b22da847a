import type { Group } from '../../base/find-group.js';

/** What `doctor` reads of the machine. Nothing here throws for what is missing or forbidden. */
export interface System {
  /** `process.platform` */
  readonly platform: string;
  /** As `process.versions.node`: "20.19.0". */
  readonly nodeVersion: string;
  readonly userName: string;
  readonly isRoot: boolean;
  /** Ids of the groups this process is in. */
  readonly groupIds: readonly number[];
  /** A file's text; undefined if it cannot be read. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a directory; undefined if it cannot be read. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** A group by name or number. */
  findGroup(group: string | number): Promise<Group | undefined>;
  /** Where a symbolic link points; undefined if it cannot be read. */
  readLink(path: string): Promise<string | undefined>;
  /** Whether this user may read and write. */
  access(path: string): Promise<'granted' | 'denied' | 'missing'>;
  /** The group of a file; undefined if there is none. */
  groupIdOf(path: string): Promise<number | undefined>;
}
