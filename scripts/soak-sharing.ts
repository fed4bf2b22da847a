// npm run soak:sharing [-- --steps 1000000] [-- --seed 1]
// Plays many random steps of clients that share a target, and of each alone: test/sharing/checker/checker.test.ts.

import { parseArgs } from 'node:util';
import { runSoak } from './soak/run-mocha.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
  },
});
await runSoak('test/sharing/checker/checker.test.ts', {
  PROBED_SHARING_STEPS: values.steps,
  ...(values.seed !== undefined && { PROBED_SHARING_SEED: values.seed }),
});
