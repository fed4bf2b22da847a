import { RequestError } from '../base/errors.js';
import { nearest } from '../base/nearest.js';

/** What a probe can be called by. */
export interface ProbeName {
  readonly uid: string;
  readonly name?: string;
}

/** No probe is called that. */
export class NoSuchProbeError extends RequestError {
  /** Uids and names that may have been meant, the likeliest first. */
  readonly nearest: readonly string[];

  constructor(given: string, nearest: readonly string[]) {
    super(`no probe is called "${given}"`);
    this.nearest = nearest;
  }
}

/** Several probes could be meant. */
export class AmbiguousProbeError extends RequestError {
  /** What each of them is called. */
  readonly nearest: readonly string[];

  constructor(given: string, matches: readonly string[]) {
    super(`"${given}" could be any of ${matches.length} probes`);
    this.nearest = matches;
  }
}

/** How many probes an ambiguous name lists. */
const MAX_LISTED = 8;

/**
 * Finds the probe that an operator means: by its uid, by its name, by either with letters in the other case, or by the
 * beginning of either if no other probe begins so. An exact match goes before a beginning, a uid before a name.
 *
 * @returns  its uid
 * @throws NoSuchProbeError, AmbiguousProbeError
 */
export function resolveProbe(probes: readonly ProbeName[], given: string): string {
  const folded = given.toLowerCase();
  const rules: readonly ((probe: ProbeName) => boolean)[] = [
    ({ uid }) => uid === given,
    ({ name }) => name === given,
    (probe) => callings(probe).some((calling) => calling.toLowerCase() === folded),
    (probe) => given !== '' && callings(probe).some((calling) => calling.toLowerCase().startsWith(folded)),
  ];
  for (const rule of rules) {
    const matches = probes.filter(rule);
    if (matches.length === 1) return matches[0].uid;
    if (matches.length > 1) throw new AmbiguousProbeError(given, matches.slice(0, MAX_LISTED).map(shortest));
  }
  throw new NoSuchProbeError(given, nearest(given, probes.flatMap(callings)));
}

function callings({ uid, name }: ProbeName): readonly string[] {
  return name === undefined ? [uid] : [uid, name];
}

function shortest({ uid, name }: ProbeName): string {
  return name ?? uid;
}
