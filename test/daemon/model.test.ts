import fc from 'fast-check';
import assert from 'node:assert/strict';
import process from 'node:process';
import { ModelRun, type Step } from './model-run.js';

const STEPS_PER_RUN = 50;
const {
  PROBED_STEPS: steps = '1000',
  /** The same steps each time, so that the suite fails for what was changed and nothing else; the soak draws others. */
  PROBED_SEED: seed = '1',
  /** The run that failed, as the failure has printed it: it is run alone, and made as short as possible. */
  PROBED_PATH: path,
} = process.env;
const numRuns = path === undefined ? Math.max(1, Math.round(Number(steps) / STEPS_PER_RUN)) : 1;

const probe = fc.nat({ max: 3 });
const client = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { withCrossShrink: true }, // to nothing: a failing run keeps only the steps it takes
  { weight: 1, arbitrary: fc.constant({ do: 'nothing' as const }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('plug' as const), probe }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('unplug' as const), probe }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replug' as const), probe }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deny' as const), probe, denied: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reload' as const), config: fc.nat(), now: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('connect' as const), probe }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('open' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kick' as const), probe }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kick one' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('enable' as const), probe, enabled: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rename' as const),
      probe,
      name: fc.constantFrom('left', 'right', undefined),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forget' as const), probe }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

describe(`${numRuns * STEPS_PER_RUN} random steps (PROBED_SEED=${seed})`, () => {
  it('leave every probe with the state, the port, the name and the clients that a simple model says', async function () {
    this.timeout(60_000 + numRuns * 5000);
    const runs = fc.array(step, { minLength: STEPS_PER_RUN, maxLength: STEPS_PER_RUN });
    const before = sockets();

    await fc.assert(
      fc.asyncProperty(runs, async (plan) => {
        await using run = await ModelRun.start();
        for (const each of plan) await run.step(each);
        await run.end();
        assert.equal(sockets(), before, 'sockets are left open');
      }),
      {
        ...{ seed: Number(seed), numRuns },
        ...(path === undefined ? { endOnFailure: Number(steps) > 10_000 } : { path }),
      },
    );
  });
});

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP|Pipe/.test(name)).length;
}
