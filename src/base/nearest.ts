/** So much of what was typed may be wrong. */
const TOLERANCE = 1 / 3;
/** Shorter words begin like too many others. */
const LEAST_BEGINNING = 3;

/**
 * The words among `candidates` that `word` was most likely meant to be, the likeliest first; at most `limit`. Case does
 * not matter. At most a third of the letters is mistyped, left out, added or swapped with its neighbour: of the whole
 * candidate, or of the beginning that was typed of it.
 */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): readonly string[] {
  const wanted = word.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** "did you mean left?", "did you mean left or lift?"; undefined if there is no guess. */
export function didYouMean(guesses: readonly string[]): string | undefined {
  return guesses.length === 0 ? undefined : `did you mean ${guesses.join(' or ')}?`;
}

/** Infinity: too far to be meant. */
function distance(word: string, candidate: string): number {
  const whole = editDistance(word, candidate);
  if (whole <= Math.max(word.length, candidate.length) * TOLERANCE) return whole;
  if (word.length < LEAST_BEGINNING || word.length >= candidate.length) return Infinity;
  const beginning = editDistance(word, candidate.slice(0, word.length));
  return beginning <= word.length * TOLERANCE ? beginning + 0.5 : Infinity; // behind a whole word that is as near
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost 1 each. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
