// Clients that share a target, in any order of their steps, compared with each of them alone on a target of its own:
// no difference is allowed. Short here; npm run soak:sharing for long. A failure prints its seed and path:
//
//   PROBED_SHARING_SEED=N npx mocha test/sharing/checker/checker.test.ts

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { anyGesture, bringUp } from './gestures.js';
import { Player } from './player.js';
import { realmOf, type Gesture, type Realm, type Step } from './step.js';

const STEPS = Number(process.env.PROBED_SHARING_STEPS ?? 8_000);
const seed = process.env.PROBED_SHARING_SEED === undefined ? undefined : Number(process.env.PROBED_SHARING_SEED);

const targets = [
  { board: 'plain', protocol: 'SWD', apart: false, handles: false },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: false },
  { board: 'plain', protocol: 'SWD', apart: false, handles: true },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: true },
  { board: 'second-ap', protocol: 'SWD', apart: true, handles: false },
  { board: 'multidrop', protocol: 'SWD', apart: true, handles: false },
  { board: 'dpv3', protocol: 'SWD', apart: false, handles: true },
] as const;
const worlds = targets.flatMap((target) => [false, true].map((postedWrites) => ({ ...target, postedWrites })));

interface Run {
  /** Of each client. */
  readonly programs: readonly (readonly Step[])[];
  /** Whose step comes next; what is left at its end is played in turns. */
  readonly order: readonly number[];
}

/** Steps before a difference that its report shows. */
const TRACED = 60;

let played = 0;

for (const world of worlds) {
  const { board, protocol, apart, handles, postedWrites } = world;
  const name = `${board}, ${protocol}${handles ? ', memory handles' : ''}${postedWrites ? ', posted writes' : ''}`;
  describe(`clients that share a target (${name})`, function () {
    this.timeout(0);

    it('each see what they would see alone', async () => {
      const realm = (client: number): Realm => realmOf({ board, protocol, postedWrites }, client, apart);
      const program = (client: number): fc.Arbitrary<readonly Step[]> =>
        fc
          .array(anyGesture(realm(client), handles), { maxLength: 8 })
          .map((gestures) => [...bringUp(realm(client)), ...gestures.flatMap((steps: Gesture) => steps)]);
      const run: fc.Arbitrary<Run> = fc.integer({ min: 2, max: 4 }).chain((clients) =>
        fc.record({
          programs: fc.tuple(...Array.from({ length: clients }, (_, client) => program(client))),
          order: fc.array(fc.nat(clients - 1), { minLength: 40, maxLength: 200 }),
        }),
      );

      const share = STEPS / worlds.length;
      const before = played;
      while (played - before < share) {
        await fc.assert(
          fc.asyncProperty(run, ({ programs, order }) => compare(programs, order, realm)),
          { numRuns: 20, ...(seed !== undefined && { seed }) },
        );
      }
    });
  });
}

after(() => console.log(`    ${played} steps of sharing clients compared`));

async function compare(
  programs: Run['programs'],
  order: readonly number[],
  realm: (client: number) => Realm,
): Promise<void> {
  await using shared = await Player.start(realm(0));
  const alone: Player[] = [];
  try {
    for (const client of programs.keys()) alone.push(await Player.start(realm(client)));
    const next = programs.map(() => 0);
    const trace: string[] = [];
    let last: number | undefined;
    for (const client of turns(programs, order)) {
      const step = programs[client][next[client]++];
      // Alone, too, writes are sent when they are sent here: it decides which request is told of an error.
      if (last !== undefined && last !== client && step.do !== 'lock') await alone[last].interrupted();
      if (step.do === 'disturbed') {
        // Or it would happen to what was written before, and be whose that was.
        await shared.interrupted();
        await alone[client].interrupted();
      }
      if (step.do !== 'lock') last = client;
      const expected = await alone[client].play(client, realm(client), step);
      const seen = await shared.play(client, realm(client), step);
      played++;
      trace.push(`${client}: ${text(step)} -> ${JSON.stringify(seen)}`);
      assert.deepEqual(seen, expected, `not as alone:\n${trace.slice(-TRACED).join('\n')}`);
    }
  } finally {
    for (const player of alone) await player[Symbol.asyncDispose]();
  }
}

/** Which client has its turn, as often as it has steps. */
function* turns(programs: Run['programs'], order: readonly number[]): Generator<number> {
  const left = programs.map(({ length }) => length);
  for (const client of order) if (left[client]-- > 0) yield client;
  for (let any = true; any;) {
    any = false;
    for (const client of left.keys()) {
      if (left[client]-- <= 0) continue;
      any = true;
      yield client;
    }
  }
}

function text(step: Step): string {
  return JSON.stringify(step, (_key, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
  );
}
