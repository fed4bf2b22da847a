// npm run soak [-- --steps 100000] [-- --seed 1]
// Leads the daemon through many random steps and compares it with its model after each: test/daemon/model.test.ts.
// With the seed and the path that a failure prints, that run alone, made as short as it can be:
//   node --import tsx scripts/soak.ts --seed 4 --path 880

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: process.env.PROBED_STEPS ?? '100000' },
    path: { type: 'string' },
    seed: { type: 'string', ...(process.env.PROBED_SEED !== undefined && { default: process.env.PROBED_SEED }) },
  },
});
const env = {
  ...process.env,
  PROBED_STEPS: values.steps,
  ...(values.path !== undefined && { PROBED_PATH: values.path }),
  ...(values.seed !== undefined && { PROBED_SEED: values.seed }),
};
const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--reporter', 'spec', 'test/daemon/model.test.ts'];
const cwd = path.join(import.meta.dirname, '..');
const child = spawn(process.execPath, ['--import', 'tsx', ...mocha], { cwd, env, stdio: 'inherit' });
await once(child, 'exit');
process.exitCode = child.exitCode ?? 1;
