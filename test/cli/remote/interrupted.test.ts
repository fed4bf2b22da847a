import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { noSocketOptions } from '../../../src/platform/socket-options.js';
import { ControlWorld } from '../../control/control-world.js';
import { type Ran, run } from '../cli-world.js';

describe('Ctrl-C while probectl makes all ready', () => {
  /** Runs a command, with a signal just before it would listen for signals itself. */
  async function interrupted(world: ControlWorld, ...args: readonly string[]): Promise<Ran> {
    const interrupt = new AbortController();
    return await run(world.path, args, {
      signal: interrupt.signal,
      loadSocketOptions: async () => {
        interrupt.abort();
        return noSocketOptions;
      },
    });
  }

  it('ends run, and its command is not started', async () => {
    await using world = await ControlWorld.start();
    const file = path.join(world.directory, 'started');

    const { code, stderr } = await interrupted(world, 'run', 'A1', '--', 'touch', file);

    assert.deepEqual([code, stderr], [1, 'probectl: interrupted\n']);
    assert(!existsSync(file));
  });

  it('ends what goes on until it is told to stop', async () => {
    await using world = await ControlWorld.start();

    assert.equal((await interrupted(world, 'forward', 'A1')).code, 0);
    assert.equal((await interrupted(world, 'accelerate', 'localhost:1')).code, 0);
  });
});
