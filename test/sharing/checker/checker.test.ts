// Clients that share a target, compared with each of them alone. Short here, and the same each time; npm run soak:sharing
// for long, and another each time. A failure prints its seed and path:
//
//   PROBED_SHARING_SEED=N npx mocha test/sharing/checker/checker.test.ts

import { playWorlds, targets } from './play-worlds.js';
import type { World } from './step.js';

playWorlds(
  targets.flatMap((target) => [false, true].map((isFast): World => ({ ...target, isFast, helped: 'none' }))),
  {
    steps: Number(process.env.PROBED_SHARING_STEPS ?? 8_000),
    firstSeed: Number(process.env.PROBED_SHARING_SEED ?? 1),
  },
);
