import type { Details, Status } from '../../control/snapshots.js';
import type { System } from './system.js';

/** What the daemon said, or why it did not. */
export type DaemonAnswer =
  | { readonly kind: 'answers'; readonly status: Status; readonly details: readonly Details[] }
  | { readonly kind: 'absent' | 'forbidden' | 'broken'; readonly path: string };

export interface CheckContext {
  readonly system: System;
  readonly daemon: DaemonAnswer;
  /** Left out: the config is not looked at. */
  readonly checkConfig?: (file?: string) => Promise<readonly string[]>;
}

/** Something that is right, or wrong and what mends it. */
export type Finding =
  | { readonly kind: 'fine'; readonly what: string }
  | { readonly kind: 'problem'; readonly what: string; readonly remedy: string };

export type Check = (context: CheckContext) => Promise<readonly Finding[]>;

export function fine(what: string): Finding {
  return { kind: 'fine', what };
}

export function problem(what: string, remedy: string): Finding {
  return { kind: 'problem', what, remedy };
}
