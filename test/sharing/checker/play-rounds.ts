// Random runs of clients that share a target, in one world after the other; each can be brought back by its seed.

import fc from 'fast-check';
import type { World } from './step.js';

export interface Extent {
  /** Over all worlds. */
  readonly steps: number;
  /** Of the first round of every world; each round has the next one. */
  readonly firstSeed: number;
  /** Of each round; 20 if left out. A world is left when it has had its share of steps. */
  readonly runsPerRound?: number;
}

/** What is played; `Run` is all that is random of it. */
export interface Game<Run> {
  /** For `describe` and `it`. */
  readonly situation: string;
  readonly rule: string;
  /** For the count at the end. */
  readonly what: string;
  readonly run: (world: World) => fc.Arbitrary<Run>;
  /** @returns how many steps it took */
  readonly play: (world: World, run: Run) => Promise<number>;
}

/** Declares a test for each world. A failure prints its seed and path. */
export function playRounds<Run>(
  worlds: readonly World[],
  { steps, firstSeed, runsPerRound = 20 }: Extent,
  { situation, rule, what, run, play }: Game<Run>,
): void {
  let played = 0;

  for (const world of worlds) {
    describe(`${situation} (${nameOf(world)})`, function () {
      this.timeout(0);

      it(rule, async () => {
        const share = steps / worlds.length;
        const before = played;
        for (let seed = firstSeed; played - before < share; seed++) {
          await fc.assert(
            fc.asyncProperty(run(world), async (it) => {
              played += await play(world, it);
            }),
            { numRuns: runsPerRound, seed },
          );
        }
      });
    });
  }

  after(() => console.log(`    ${played} steps of ${what}`));
}

function nameOf({ board, protocol, apart, handles, isFast, resets, helped }: World): string {
  const roams = apart === 'roaming' && (board === 'multidrop' ? 'each on every target' : 'each on every AP');
  const parts = [board, protocol, roams, handles && 'memory handles', isFast && 'posted writes and packets in flight'];
  const helpers = helped !== 'none' && `${helped} of them behind a helper`;
  return [...parts, resets && `resets of ${resets}`, helpers].filter(Boolean).join(', ');
}
