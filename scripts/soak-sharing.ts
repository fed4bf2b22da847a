// npm run soak:sharing [-- --steps 1000000] [-- --seed 1], npm run soak:accelerated
// Plays many random steps of clients that share a target, and of each alone: test/sharing/checker/checker.test.ts; and as
// many of clients that send anything, beside one that works: test/sharing/checker/hostile.test.ts. With --accelerated some
// or all of the clients are behind a pipelining helper: test/client/checker.test.ts.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runSoak } from './soak/run-mocha.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000000' },
    accelerated: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
console.log(`seed ${values.seed}`);
const sharing = ['checker', 'hostile'].map((name) => `test/sharing/checker/${name}.test.ts`);
await runSoak(values.accelerated ? ['test/client/checker.test.ts'] : sharing, {
  PROBED_SHARING_STEPS: values.steps,
  PROBED_SHARING_SEED: values.seed,
});
