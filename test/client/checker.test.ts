// Clients that share a target, some or all of them behind a pipelining helper, compared with each of them alone and without
// one. Short here, and the same each time; npm run soak:accelerated for long, and another each time. A failure prints its
// seed and path:
//
//   PROBED_SHARING_SEED=N npx mocha test/client/checker.test.ts

import { playWorlds, targets } from '../sharing/checker/play-worlds.js';
import type { World } from '../sharing/checker/step.js';

const worlds = targets.flatMap((target) =>
  (['some', 'all'] as const).flatMap((helped) => [false, true].map((isFast): World => ({ ...target, isFast, helped }))),
);

const { PROBED_SHARING_STEPS: steps, PROBED_SHARING_SEED: seed } = process.env;
// A round of each world is enough to see that all of this works.
const isShort = steps === undefined;
playWorlds(worlds, { steps: Number(steps ?? 1), firstSeed: Number(seed ?? 1), ...(isShort && { runsPerRound: 2 }) });
