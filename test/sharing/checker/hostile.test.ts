// Clients that send whatever the protocol lets through, beside one that does ordinary work: nothing of it may fail, and
// every value has to be right. Short here, and the same each time; npm run soak:sharing for long, and another each time.
// A failure prints its seed and path:
//
//   PROBED_SHARING_SEED=N npx mocha test/sharing/checker/hostile.test.ts

import fc from 'fast-check';
import { Encounter, type Scene, VICTIM } from './encounter.js';
import { anyGesture } from './gestures.js';
import { oddGesture } from './odd-requests.js';
import { playRounds } from './play-rounds.js';
import { targets } from './play-worlds.js';
import { type Gesture, type Realm, realmOf, type World } from './step.js';
import { anyTask } from './victim.js';

playRounds(
  targets.flatMap((target) => [false, true].map((isFast): World => ({ ...target, isFast, helped: 'none' }))),
  {
    steps: Number(process.env.PROBED_SHARING_STEPS ?? 16_000),
    firstSeed: Number(process.env.PROBED_SHARING_SEED ?? 1),
    runsPerRound: 5, // each is some 250 steps
  },
  {
    situation: 'a client that works beside others that send anything',
    rule: 'gets what it would get without them',
    what: 'a client beside hostile ones',
    run: anyScene,
    play: async (world, scene) => {
      await using encounter = await Encounter.start(world, scene);
      await encounter.play();
      return encounter.played;
    },
  },
);

function anyScene(world: World): fc.Arbitrary<Scene> {
  return fc.integer({ min: 1, max: VICTIM }).chain((clients) =>
    fc.record({
      hostile: fc.tuple(...Array.from({ length: clients }, (_, client) => hostileProgram(realmOf(world, client)))),
      tasks: fc.array(anyTask(realmOf(world, VICTIM)), { minLength: 1, maxLength: 8 }),
      order: fc.array(burst(clients), { maxLength: 60 }).map((bursts) => bursts.flat()),
    }),
  );
}

/** Steps of one of them: what takes several may be done with before anybody else comes. */
function burst(clients: number): fc.Arbitrary<readonly number[]> {
  const hostile = fc.nat(clients - 1);
  const length = fc.constantFrom(1, 1, 1, 3, 10, 30);
  return fc
    .oneof(fc.tuple(fc.constant(VICTIM), fc.integer({ min: 1, max: 6 })), fc.tuple(hostile, length))
    .map(([client, steps]) => Array.from({ length: steps }, () => client));
}

/** Ordinary and odd gestures, in any order. */
function hostileProgram(realm: Realm): fc.Arbitrary<readonly Gesture[]> {
  // A loss of power comes to all, so the target does not lose it here.
  const { resets, ...unharmed } = realm;
  const ordinary = anyGesture(resets ? unharmed : realm).filter((gesture) => !breaksScan(realm, gesture));
  return fc.array(fc.oneof({ weight: 2, arbitrary: oddGesture(realm) }, { weight: 1, arbitrary: ordinary }), {
    maxLength: 12,
  });
}

/** Over JTAG that may write to memory, for everybody: see docs/sharing.md. */
function breaksScan({ protocol }: Realm, gesture: Gesture): boolean {
  return protocol === 'JTAG' && gesture.some((step) => step.do === 'disturbed' && step.how === 'no-ack');
}
