import assert from 'node:assert/strict';
import { runAll } from '../../src/base/run-all.js';

describe('steps that all have to be done', () => {
  it('are done in order, also behind one that fails, whose error is thrown; others are passed on', async () => {
    const done: string[] = [];
    const [first, second] = [new Error('first'), new Error('second')];
    const further: unknown[] = [];
    const steps = [
      (): void => void done.push('a'),
      (): Promise<void> => Promise.reject(first),
      async (): Promise<void> => void done.push(await Promise.resolve('b')),
      (): void => {
        throw second;
      },
      (): void => void done.push('c'),
    ];

    await assert.rejects(
      runAll(steps, (error) => further.push(error)),
      first,
    );

    assert.deepEqual(done, ['a', 'b', 'c']);
    assert.deepEqual(further, [second]);
  });

  it('throw nothing where none fails', async () => {
    await runAll([() => undefined, () => Promise.resolve()], () => assert.fail());
  });
});
