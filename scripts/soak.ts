// npm run soak [-- --steps 100000] [-- --seed 1]
// Leads the daemon through many random steps and compares it with its model after each: test/daemon/model.test.ts.
// With the seed and the path that a failure prints, that run alone, made as short as it can be:
//   node --import tsx scripts/soak.ts --seed 4 --path 880

import { randomInt } from 'node:crypto';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runSoak } from './soak/run-mocha.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: process.env.PROBED_STEPS ?? '100000' },
    path: { type: 'string' },
    seed: { type: 'string', default: process.env.PROBED_SEED ?? String(randomInt(2 ** 31)) },
  },
});
await runSoak(['test/daemon/model.test.ts'], {
  PROBED_STEPS: values.steps,
  PROBED_SEED: values.seed,
  ...(values.path !== undefined && { PROBED_PATH: values.path }),
});
