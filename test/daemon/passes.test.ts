import assert from 'node:assert/strict';
import { Passes } from '../../src/daemon/passes.js';
import { FakeClock } from '../support/fake-clock.js';

/** Passes that end, or fail, when the test says so. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly failures: unknown[] = [];
  readonly passes = new Passes({
    clock: this.clock,
    pass: () => new Promise((resolve, reject) => this.#running.push({ resolve, reject })),
    onFailed: (error) => this.failures.push(error),
  });
  readonly #running: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  /** Passes that have begun and not ended. */
  get running(): number {
    return this.#running.length;
  }

  async end(error?: Error): Promise<void> {
    const pass = this.#running.shift();
    if (error) pass?.reject(error);
    else pass?.resolve();
    await this.clock.advance(0); // lets what follows from it happen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const disposed = this.passes[Symbol.asyncDispose]();
    for (const { resolve } of this.#running) resolve();
    await disposed;
  }
}

describe('passes', () => {
  it('are made one at a time, one more for all who ask meanwhile', async () => {
    await using rig = new Rig();
    const ended: string[] = [];
    const first = rig.passes.make().then(() => ended.push('first'));
    const more = ['second', 'third'].map((name) => rig.passes.make().then(() => ended.push(name)));
    assert.equal(rig.running, 1);

    await rig.end();
    assert.deepEqual([rig.running, ended], [1, []]); // whoever has asked is told when all is as it should be
    await rig.end();

    await Promise.all([first, ...more]);
    assert.deepEqual([rig.running, ended.length], [0, 3]);
  });

  it('tell whoever waits that one has failed, and can be made again', async () => {
    await using rig = new Rig();
    const failed = assert.rejects(rig.passes.make(), /the bus is gone/);
    await rig.end(new Error('the bus is gone'));
    await failed;

    const next = rig.passes.make();
    await rig.end();

    await next;
    assert.deepEqual(rig.failures, []);
  });

  it('that nobody waits for are made again when they fail: after 1, 2, 4 seconds, up to a minute', async () => {
    await using rig = new Rig();
    const waits: number[] = [];
    rig.passes.makeSoon();
    for (let i = 0; i < 9; i++) {
      await rig.end(new Error(`failure ${i}`));
      let seconds = 0;
      while (rig.running === 0) {
        await rig.clock.advance(1000);
        seconds++;
      }
      waits.push(seconds);
    }

    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert.equal(rig.failures.length, 9);
  });

  it('begin with one second again when one has succeeded', async () => {
    await using rig = new Rig();
    rig.passes.makeSoon();
    await rig.end(new Error('a failure'));
    await rig.clock.advance(1000);
    rig.passes.succeeded();
    await rig.end(new Error('another one'));

    await rig.clock.advance(1000);

    assert.equal(rig.running, 1);
  });

  it('are over when they are disposed, as soon as the one that runs has ended, and leave no timer', async () => {
    const rig = new Rig();
    rig.passes.makeSoon();
    const disposed = rig.passes[Symbol.asyncDispose]();
    rig.passes.makeSoon();
    rig.passes.retryLater();
    await rig.end(new Error('it was interrupted'));
    await disposed;

    assert.deepEqual([rig.running, rig.clock.pending], [0, 0]);
  });
});
