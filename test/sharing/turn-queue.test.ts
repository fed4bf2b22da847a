import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TurnQueue } from '../../src/sharing/turn-queue.js';
import { FakeClock, settle } from '../support/fake-clock.js';

const always = new AbortController().signal;

/** A client of the queue that notes when its operations begin and end. */
class Owner {
  constructor(
    readonly name: string,
    private readonly queue: TurnQueue<Owner>,
    private readonly journal: string[],
  ) {}

  /** Starts an operation that runs until the returned function is called. */
  begin(signal = always): { end: () => void; done: Promise<void> } {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const done = this.queue.run(this, signal, async () => {
      this.journal.push(`${this.name}+`);
      await ended;
      this.journal.push(`${this.name}-`);
    });
    return { end, done };
  }
}

function startQueue(): { clock: FakeClock; queue: TurnQueue<Owner>; journal: string[]; owners: Owner[] } {
  const clock = new FakeClock();
  const journal: string[] = [];
  const queue = new TurnQueue<Owner>({
    clock,
    lockIdleTimeoutMs: 2000,
    onLockLost: (from, to) => journal.push(`${from.name} loses to ${to.name}`),
  });
  return { clock, queue, journal, owners: ['a', 'b', 'c'].map((name) => new Owner(name, queue, journal)) };
}

describe('a turn queue', () => {
  it('runs one operation at a time, in order of arrival', async () => {
    const { journal, owners } = startQueue();

    const running = owners.map((owner) => owner.begin());
    for (const { end } of running) end();
    await Promise.all(running.map(({ done }) => done));

    assert.deepEqual(journal, ['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
  });

  it('lets only the holder of the lock in', async () => {
    const { queue, journal, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);

    const other = b.begin();
    other.end();
    await settle();
    assert.deepEqual(journal, []);

    const own = a.begin();
    own.end();
    await own.done;
    queue.unlock(a);
    await other.done;
    assert.deepEqual(journal, ['a+', 'a-', 'b+', 'b-']);
  });

  it('wants a recursive lock given back as often as it was taken', async () => {
    const { queue, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    await queue.lock(a, always);

    queue.unlock(a);
    assert.equal(queue.holder, a);
    queue.unlock(b); // not its lock
    assert.equal(queue.holder, a);
    queue.unlock(a);

    assert.equal(queue.holder, undefined);
  });

  it('gives the lock to the next in line, before operations that came later', async () => {
    const { queue, journal, owners } = startQueue();
    const [a, b, c] = owners;
    await queue.lock(a, always);
    const locked = queue.lock(b, always);
    const operation = c.begin();
    operation.end();

    queue.release(a);
    await locked;
    await settle();
    assert.equal(queue.holder, b);
    assert.deepEqual(journal, []);

    queue.unlock(b);
    await operation.done;
    assert.deepEqual(journal, ['c+', 'c-']);
  });

  it('gives the lock to nobody before operations that came earlier, whoever leaves meanwhile', async () => {
    const { queue, journal, owners } = startQueue();
    const [a, b, c] = owners;
    const gone = new AbortController();
    const running = a.begin();
    const waiting = b.begin();
    const locked = queue.lock(c, always);
    const leaving = queue.lock(a, gone.signal);

    gone.abort(new Error('client left'));
    await assert.rejects(leaving, /client left/);
    assert.equal(queue.holder, undefined);
    running.end();
    await settle();
    assert.equal(queue.holder, undefined);
    waiting.end();
    await locked;

    assert.equal(queue.holder, c);
    assert.deepEqual(journal, ['a+', 'a-', 'b+', 'b-']);
  });

  it('forgets a waiter whose signal aborts, and lets the others go on', async () => {
    const { queue, journal, owners } = startQueue();
    const [a, b, c] = owners;
    const gone = new AbortController();
    const running = a.begin();
    const leaving = b.begin(gone.signal);
    const waiting = c.begin();
    waiting.end();

    gone.abort(new Error('client left'));
    await assert.rejects(leaving.done, /client left/);
    running.end();
    await waiting.done;

    assert.deepEqual(journal, ['a+', 'a-', 'c+', 'c-']);
    assert.equal(queue.waiting, 0);
  });

  it('is not disturbed by one who leaves while its operation runs', async () => {
    const { journal, owners } = startQueue();
    const [a, b, c] = owners;
    const gone = new AbortController();
    const first = a.begin();
    const leaving = b.begin(gone.signal);
    first.end();
    await first.done;
    const waiting = c.begin();

    gone.abort(new Error('client left'));
    leaving.end();
    await leaving.done;
    waiting.end();
    await waiting.done;

    assert.deepEqual(journal, ['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
  });

  it('is not entered by one who has left already', async () => {
    const { queue, journal, owners } = startQueue();
    const left = AbortSignal.abort(new Error('client left'));

    await assert.rejects(queue.lock(owners[0], left), /client left/);
    await assert.rejects(owners[0].begin(left).done, /client left/);

    assert.equal(queue.holder, undefined);
    assert.deepEqual(journal, []);
  });

  it('is cleared of all that wait but those who leave, and of the lock, whoever has it or has lost it', async () => {
    const { clock, queue, journal, owners } = startQueue();
    const [a, b, c] = owners;
    await queue.lock(b, always);
    const taken = queue.lock(a, always);
    await clock.advance(2000);
    await taken;
    const running = a.begin();
    const refused = [b.begin().done, c.begin().done, queue.lock(c, always)].map((waits) =>
      assert.rejects(waits, /unplugged/),
    );
    const leaving = queue.runLast(b, always, async () => void journal.push('b leaves'));

    queue.clear(new Error('unplugged'));
    await Promise.all(refused);
    assert.deepEqual(
      [a, b, c].map((owner) => queue.depthOf(owner)),
      [0, 0, 0],
    );
    const next = c.begin();
    next.end();
    running.end();
    await Promise.all([leaving, next.done]);

    assert.deepEqual(journal, ['b loses to a', 'a+', 'a-', 'b leaves', 'c+', 'c-']);
  });

  it('goes on after an operation that fails', async () => {
    const { queue, owners } = startQueue();
    const [a, b] = owners;

    const failing = queue.run(a, always, () => Promise.reject(new Error('FAULT')));
    const next = queue.run(b, always, async () => 'fine');

    await assert.rejects(failing, /FAULT/);
    assert.equal(await next, 'fine');
  });

  it('takes the lock from a holder that does nothing while others wait, and gives it back as deep as it was', async () => {
    const { clock, queue, journal, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    await queue.lock(a, always);
    await clock.advance(10_000); // nobody waits: nobody is in the way
    const waiting = queue.lock(b, always);
    await clock.advance(1999);
    assert.equal(queue.holder, a);

    await clock.advance(1);
    await waiting;
    assert.equal(queue.holder, b);

    const back = a.begin();
    back.end();
    await settle();
    queue.unlock(b);
    await back.done;
    assert.equal(queue.holder, a);
    queue.unlock(a);
    assert.equal(queue.holder, a);
    queue.unlock(a);
    assert.equal(queue.holder, undefined);
    assert.deepEqual(journal, ['a loses to b', 'a+', 'a-']);
    assert.equal(clock.pending, 0);
  });

  it('tells whose requests wait for the lock of another', async () => {
    const { queue, owners } = startQueue();
    const lockedOut = (): string[] => owners.filter((owner) => queue.isLockedOut(owner)).map(({ name }) => name);
    const [a, b, c] = owners;

    const running = [a.begin(), b.begin()];
    assert.deepEqual(lockedOut(), []); // its turn comes by itself
    for (const { end } of running) end();
    await Promise.all(running.map(({ done }) => done));
    await queue.lock(a, always);
    const [locks, works] = [queue.lock(b, always), c.begin()];
    assert.deepEqual(lockedOut(), ['b', 'c']);

    queue.unlock(a);
    await locks;
    assert.deepEqual(lockedOut(), ['c']);
    queue.unlock(b);
    works.end();
    await works.done;
  });

  it('lets one who leaves past the lock of another, when the running operation has ended', async () => {
    const { queue, journal, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    const running = a.begin();

    const leaving = queue.runLast(b, always, async () => {
      journal.push('b leaves');
    });
    await settle();
    assert.deepEqual(journal, ['a+']);
    running.end();
    await leaving;

    assert.deepEqual(journal, ['a+', 'a-', 'b leaves']);
    assert.equal(queue.holder, a);
  });

  it('does not count the time in which the holder works', async () => {
    const { clock, queue, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    const working = a.begin();
    const waiting = queue.lock(b, always);

    await clock.advance(60_000);
    assert.equal(queue.holder, a);
    working.end();
    await working.done;
    queue.unlock(a);

    await waiting;
    assert.equal(queue.holder, b);
  });

  it('leaves the lock to a holder that works now and then, however long others wait', async () => {
    const { clock, queue, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    const waiting = queue.lock(b, always);

    for (let second = 0; second < 20; second++) {
      await clock.advance(1000);
      const { end, done } = a.begin();
      end();
      await done;
    }
    assert.equal(queue.holder, a);
    await clock.advance(2000);

    await waiting;
    assert.equal(queue.holder, b);
  });

  it('takes nothing from a holder that has taken its lock again and works, however long', async () => {
    const { clock, queue, owners } = startQueue();
    const [a, b, c] = owners;
    await queue.lock(a, always);
    const second = queue.lock(b, always);
    await clock.advance(2000);
    await second;
    const { end, done } = a.begin(); // waits for its lock
    const third = queue.lock(c, always);

    queue.unlock(b);
    await clock.advance(60_000);
    assert.equal(queue.holder, a);
    end();
    await done;
    queue.unlock(a);

    await third;
    assert.equal(queue.holder, c);
  });

  it('lets a holder that lost a lock it took twice give it back once, and take it again as deep as that', async () => {
    const { clock, queue, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    await queue.lock(a, always);
    const other = queue.lock(b, always);
    await clock.advance(2000);
    await other;

    queue.unlock(a);
    assert.equal(queue.depthOf(a), 1);
    queue.unlock(b);
    const { end, done } = a.begin();
    end();
    await done;
    assert.equal(queue.holder, a);
    queue.unlock(a);

    assert.equal(queue.holder, undefined);
  });

  it('does not count the time in which nobody waits any more, since the client left', async () => {
    const { clock, queue, owners } = startQueue();
    const [a, b, c] = owners;
    await queue.lock(a, always);
    const gone = new AbortController();
    const refused = assert.rejects(b.begin(gone.signal).done);
    await clock.advance(1900);

    gone.abort(new Error('gone'));
    await refused;
    const waiting = queue.lock(c, always);
    await clock.advance(1900);
    assert.equal(queue.holder, a);
    await clock.advance(200);

    await waiting;
    assert.equal(queue.holder, c);
  });

  it('lets a holder that lost the lock give it back without having it', async () => {
    const { clock, queue, owners } = startQueue();
    const [a, b] = owners;
    await queue.lock(a, always);
    const waiting = queue.lock(b, always);
    await clock.advance(2000);
    await waiting;

    queue.unlock(a);
    assert.equal(queue.holder, b);
    queue.unlock(b);
    const next = a.begin();
    next.end();
    await next.done;

    assert.equal(queue.holder, undefined);
  });

  it('never runs two operations at once nor passes a lock by, whatever owners do', async () => {
    const step = fc.record({
      owner: fc.nat(2),
      action: fc.constantFrom('operation', 'lock', 'unlock', 'abort', 'end'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue, owners } = startQueue();
        let running = 0;
        const ends: (() => void)[] = [];
        const promises: Promise<unknown>[] = [];
        const signals = owners.map(() => new AbortController());
        const depth = new Map<Owner, number>();
        for (const { owner: index, action } of steps) {
          const owner = owners[index];
          const { signal } = signals[index];
          if (action === 'operation') {
            const operation = async (): Promise<void> => {
              running++;
              assert.equal(running, 1);
              assert(queue.holder === undefined || queue.holder === owner || depth.get(queue.holder) !== undefined);
              await new Promise<void>((resolve) => ends.push(resolve));
              running--;
            };
            promises.push(queue.run(owner, signal, operation).catch(() => undefined));
          } else if (action === 'lock') {
            depth.set(owner, (depth.get(owner) ?? 0) + 1);
            promises.push(queue.lock(owner, signal).catch(() => undefined));
          } else if (action === 'unlock') {
            queue.unlock(owner);
          } else if (action === 'abort') {
            signals[index].abort();
            signals[index] = new AbortController();
          } else {
            ends.shift()?.();
          }
          await Promise.resolve();
        }

        // Once all let go, everybody gets through: nothing is forgotten in the queue.
        for (let turn = 0; turn <= steps.length; turn++) {
          for (const owner of owners) queue.release(owner);
          await settle();
          for (const end of ends.splice(0)) end();
        }
        await Promise.all(promises);
        assert.equal(queue.waiting, 0);
      }),
    );
  });
});
