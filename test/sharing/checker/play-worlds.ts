// Clients that share a target, in any order of their steps, compared with each of them alone on a target of its own: no
// difference is allowed. A failure prints its seed and path.

import fc from 'fast-check';
import { Comparison, type Run } from './comparison.js';
import { anyProgram } from './gestures.js';
import { realmOf, type World } from './step.js';

/** On what clients meet. */
export type Target = Omit<World, 'isFast' | 'helped'>;

export const targets: readonly Target[] = [
  { board: 'plain', protocol: 'SWD', apart: false, handles: false },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: false },
  { board: 'plain', protocol: 'SWD', apart: false, handles: true },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: true },
  { board: 'second-ap', protocol: 'SWD', apart: true, handles: false },
  { board: 'second-ap', protocol: 'SWD', apart: 'roaming', handles: true },
  { board: 'second-ap', protocol: 'JTAG', apart: 'roaming', handles: false },
  { board: 'multidrop', protocol: 'SWD', apart: true, handles: false },
  { board: 'multidrop', protocol: 'SWD', apart: 'roaming', handles: true },
  { board: 'dpv3', protocol: 'SWD', apart: false, handles: true },
  { board: 'plain', protocol: 'SWD', apart: false, handles: true, resets: 'core' },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: false, resets: 'core and APs' },
  { board: 'second-ap', protocol: 'SWD', apart: true, handles: false, resets: 'core and APs' },
  { board: 'multidrop', protocol: 'SWD', apart: true, handles: false, resets: 'core' },
  { board: 'multidrop', protocol: 'SWD', apart: 'roaming', handles: false, resets: 'core' },
  { board: 'dpv3', protocol: 'SWD', apart: false, handles: false, resets: 'core and APs' },
];
export interface Extent {
  /** Over all worlds. */
  readonly steps: number;
  /** Of the first round of every world; each round has the next one. */
  readonly firstSeed: number;
  /** Of each round; 20 if left out. A world is left when it has had its share of steps. */
  readonly runsPerRound?: number;
}

/** Declares a test for each world. */
export function playWorlds(worlds: readonly World[], { steps, firstSeed, runsPerRound = 20 }: Extent): void {
  let played = 0;

  for (const world of worlds) {
    describe(`clients that share a target (${nameOf(world)})`, function () {
      this.timeout(0);

      it('each see what they would see alone', async () => {
        const run: fc.Arbitrary<Run> = fc.integer({ min: 2, max: 4 }).chain((clients) =>
          fc.record({
            programs: fc.tuple(...Array.from({ length: clients }, (_, client) => anyProgram(realmOf(world, client)))),
            order: fc.array(fc.nat(clients - 1), { minLength: 40, maxLength: 200 }),
          }),
        );

        const share = steps / worlds.length;
        const before = played;
        for (let seed = firstSeed; played - before < share; seed++) {
          await fc.assert(
            fc.asyncProperty(run, async (clients) => {
              await using comparison = await Comparison.start(world, clients);
              await comparison.play(clients.order);
              played += comparison.played;
            }),
            { numRuns: runsPerRound, seed },
          );
        }
      });
    });
  }

  after(() => console.log(`    ${played} steps of sharing clients compared`));
}

function nameOf({ board, protocol, apart, handles, isFast, resets, helped }: World): string {
  const roams = apart === 'roaming' && (board === 'multidrop' ? 'each on every target' : 'each on every AP');
  const parts = [board, protocol, roams, handles && 'memory handles', isFast && 'posted writes and packets in flight'];
  const helpers = helped !== 'none' && `${helped} of them behind a helper`;
  return [...parts, resets && `resets of ${resets}`, helpers].filter(Boolean).join(', ');
}
