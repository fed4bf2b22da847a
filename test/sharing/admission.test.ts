import assert from 'node:assert/strict';
import process from 'node:process';
import { RequestError } from '../../src/base/errors.js';
import { Admission, NotAdmittedError, type Reservation, type Sharing } from '../../src/sharing/admission.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { randomFrom } from '../support/random.js';

interface Guest {
  readonly client: { readonly id: number; readonly address: string; readonly principal: string };
}

const QUEUE_TIMEOUT_MS = 60_000;

class Door {
  readonly clock = new FakeClock();
  readonly refused: string[] = [];
  readonly queued: string[] = [];
  /** Of those that had to wait. */
  readonly admitted: number[] = [];
  reservation: Reservation | undefined;
  readonly admission: Admission<Guest>;
  /** In the order they were let in. */
  readonly entered: number[] = [];
  #guests = 0;

  constructor(sharing: Sharing) {
    this.admission = new Admission<Guest>({
      uid: 'A1',
      clock: this.clock,
      rules: { sharing, queueTimeoutMs: QUEUE_TIMEOUT_MS },
      reservation: () => this.reservation,
      onQueued: ({ id }, ahead) => this.queued.push(`${id} behind ${ahead}`),
      onAdmitted: ({ id }) => this.admitted.push(id),
      onRefused: ({ id }) => this.refused.push(String(id)),
    });
  }

  guest(principal = 'user:ada'): Guest & { readonly gone: AbortController } {
    const id = ++this.#guests;
    return { client: { id, address: `127.0.0.1:${id}`, principal }, gone: new AbortController() };
  }

  /** @returns how it went: `undefined` once it is in, or the error */
  enter(guest: ReturnType<Door['guest']>): Promise<unknown> {
    return this.admission.enter(guest, guest.gone.signal).then(
      () => void this.entered.push(guest.client.id),
      (error: unknown) => error,
    );
  }

  reserve(principal: string, reason?: string): void {
    this.reservation = { principal, until: new Date(this.clock.date().getTime() + 600_000), ...(reason && { reason }) };
    this.admission.reconsider();
  }

  release(): void {
    this.reservation = undefined;
    this.admission.reconsider();
  }

  /** As a reload of the config does. */
  configure(sharing: Sharing, queueTimeoutMs = QUEUE_TIMEOUT_MS): void {
    this.admission.configure({ sharing, queueTimeoutMs });
  }

  get waiting(): number[] {
    return this.admission.waiting.map(({ guest }) => guest.client.id);
  }
}

describe('a probe that is shared', () => {
  it('lets in everyone, and the lock is for everyone', async () => {
    const door = new Door('shared');
    const [first, second, outside] = [door.guest(), door.guest(), door.guest()];

    await Promise.all([door.enter(first), door.enter(second)]);

    assert.deepEqual(door.entered, [1, 2]);
    door.admission.requireInside(outside);
  });
});

describe('a probe in exclusive use', () => {
  it('is refused to a second client, who hears who has it and since when', async () => {
    const door = new Door('exclusive');
    const [first, second] = [door.guest('user:ada'), door.guest('user:bob')];
    await door.enter(first);

    const error = await door.enter(second);

    assert.ok(error instanceof NotAdmittedError);
    assert.equal(error.message, 'probe A1 is in use by user:ada (127.0.0.1:1) since 2026-01-01T00:00:00.000Z');
    assert.deepEqual(door.refused, ['2']);
    door.admission.leave(first);
    assert.equal(await door.enter(second), undefined);
  });

  it('counts its client once, however often it opens', async () => {
    const door = new Door('exclusive');
    const first = door.guest();

    assert.deepEqual([await door.enter(first), await door.enter(first)], [undefined, undefined]);
  });

  it('gives the lock to nobody outside', async () => {
    const door = new Door('exclusive');
    const [first, second] = [door.guest(), door.guest()];
    await door.enter(first);

    door.admission.requireInside(first);
    assert.throws(() => door.admission.requireInside(second), /send "open" before "lock"/);
  });
});

describe('a probe with a queue', () => {
  it('lets in one at a time, in order of arrival', async () => {
    const door = new Door('queue');
    const guests = [door.guest(), door.guest(), door.guest()];
    const entries = guests.map((guest) => door.enter(guest));
    assert.deepEqual(door.queued, ['2 behind 0', '3 behind 1']);

    for (const guest of guests) {
      await settle();
      door.admission.leave(guest);
    }

    assert.deepEqual(await Promise.all(entries), [undefined, undefined, undefined]);
    assert.deepEqual(door.entered, [1, 2, 3]);
    assert.deepEqual(door.admitted, [2, 3]);
    assert.equal(door.clock.pending, 0);
  });

  it('loses a client that leaves while it waits, and nobody behind it', async () => {
    const door = new Door('queue');
    const [first, second, third] = [door.guest(), door.guest(), door.guest()];
    await door.enter(first);
    const entries = [door.enter(second), door.enter(third)];
    const why = new RequestError('the client is gone');

    second.gone.abort(why);
    assert.deepEqual(door.waiting, [3]);
    door.admission.leave(first);

    assert.deepEqual(await Promise.all(entries), [why, undefined]);
  });

  it('has a longest wait, after which the client hears who has the probe', async () => {
    const door = new Door('queue');
    const [first, second] = [door.guest('addr:192.0.2.7'), door.guest()];
    await door.enter(first);
    const entry = door.enter(second);

    await door.clock.advance(QUEUE_TIMEOUT_MS - 1);
    assert.deepEqual(door.waiting, [2]);
    await door.clock.advance(1);

    const since = '2026-01-01T00:00:00.000Z';
    assert.equal(
      String(await entry),
      `NotAdmittedError: waited 60 s: probe A1 is in use by addr:192.0.2.7 (127.0.0.1:1) since ${since}`,
    );
    assert.deepEqual([door.waiting, door.clock.pending], [[], 0]);
  });
});

describe('a reserved probe', () => {
  it('is refused to others, who hear for whom it is, until when and why', async () => {
    const door = new Door('shared');
    door.reserve('user:bob', 'firmware tests');

    const error = await door.enter(door.guest('user:ada'));

    assert.ok(error instanceof NotAdmittedError);
    assert.equal(error.message, 'probe A1 is reserved for user:bob until 2026-01-01T00:10:00.000Z (firmware tests)');
    assert.equal(await door.enter(door.guest('user:bob')), undefined);
    assert.throws(() => door.admission.requireInside(door.guest('user:ada')));
  });

  it('stays with those who have it open, and is refused to them once they have closed', async () => {
    const door = new Door('shared');
    const ada = door.guest('user:ada');
    await door.enter(ada);
    door.reserve('user:bob');

    assert.equal(await door.enter(ada), undefined);
    door.admission.leave(ada);
    assert.ok((await door.enter(ada)) instanceof NotAdmittedError);
  });

  it('keeps others waiting where there is a queue, and lets the holder overtake them', async () => {
    const door = new Door('queue');
    door.reserve('user:bob');
    const [ada, eve, bob] = [door.guest('user:ada'), door.guest('user:eve'), door.guest('user:bob')];
    const entries = [ada, eve].map((guest) => door.enter(guest));

    assert.equal(await door.enter(bob), undefined);
    door.release();
    assert.deepEqual(door.waiting, [1, 2]);
    door.admission.leave(bob);
    await entries[0];
    assert.deepEqual(door.waiting, [2]);
    door.admission.leave(ada);
    await entries[1];

    assert.deepEqual(door.entered, [3, 1, 2]);
  });

  it('is not overtaken by one who comes just when the reservation is over', async () => {
    const door = new Door('queue');
    door.reserve('user:bob');
    const [first, second] = [door.guest(), door.guest()];
    const entry = door.enter(first);
    door.reservation = undefined; // nobody has said so yet
    const later = door.enter(second);

    assert.equal(await entry, undefined);
    door.admission.leave(first);
    await later;
    assert.deepEqual(door.entered, [1, 2]);
  });
});

describe('a probe whose sharing is changed while it is in use', () => {
  const since = '2026-01-01T00:00:00.000Z';

  for (const sharing of ['exclusive', 'queue'] as const) {
    it(`from shared to ${sharing} keeps all who have it open, and lets nobody in before the last has left`, async () => {
      const door = new Door('shared');
      const [first, second, third] = [door.guest('user:ada'), door.guest('user:bob'), door.guest()];
      await Promise.all([door.enter(first), door.enter(second)]);

      door.configure(sharing);
      const entry = door.enter(third);
      assert.equal(await door.enter(second), undefined); // once more
      door.admission.leave(first);
      await settle();
      assert.equal(door.admission.isInside(third), false);
      door.admission.leave(second);

      assert.equal(await (sharing === 'queue' ? entry : door.enter(third)), undefined);
    });
  }

  it('from shared to exclusive names who has been there longest, and how many there are', async () => {
    const door = new Door('shared');
    const [first, second, third] = [door.guest('user:ada'), door.guest('user:bob'), door.guest()];
    await door.enter(first);
    await door.clock.advance(1000);
    await door.enter(second);

    door.configure('exclusive');

    const error = `NotAdmittedError: probe A1 is in use by user:ada (127.0.0.1:1) and 1 more since ${since}`;
    assert.equal(String(await door.enter(third)), error);
  });

  it('from queue to shared lets in at once all who wait', async () => {
    const door = new Door('queue');
    const guests = [door.guest(), door.guest(), door.guest()];
    const entries = guests.map((guest) => door.enter(guest));

    door.configure('shared');

    assert.deepEqual(await Promise.all(entries), [undefined, undefined, undefined]);
    assert.deepEqual(
      [door.entered, door.admitted],
      [
        [1, 2, 3],
        [2, 3],
      ],
    );
    assert.deepEqual([door.waiting, door.clock.pending], [[], 0]);
  });

  it('from queue to exclusive refuses at once all who wait, as if they came now', async () => {
    const door = new Door('queue');
    const [first, second, third] = [door.guest(), door.guest(), door.guest()];
    await door.enter(first);
    const entries = [door.enter(second), door.enter(third)];

    door.configure('exclusive');

    for (const entry of entries)
      assert.equal(
        String(await entry),
        `NotAdmittedError: probe A1 is in use by user:ada (127.0.0.1:1) since ${since}`,
      );
    assert.deepEqual(door.refused, ['2', '3']);
    assert.deepEqual([door.waiting, door.clock.pending], [[], 0]);
  });

  it('from queue to shared while it is reserved lets in its holder, and refuses the others', async () => {
    const door = new Door('queue');
    await door.enter(door.guest('user:eve'));
    const entries = [door.enter(door.guest('user:ada')), door.enter(door.guest('user:bob'))];
    door.reserve('user:bob');

    door.configure('shared');

    const [ada, bob] = await Promise.all(entries);
    assert.match(String(ada), /^NotAdmittedError: probe A1 is reserved for user:bob until/);
    assert.equal(bob, undefined);
  });

  it('from exclusive to queue keeps those waiting who come from then on', async () => {
    const door = new Door('exclusive');
    const [first, second] = [door.guest(), door.guest()];
    await door.enter(first);
    assert.ok((await door.enter(second)) instanceof NotAdmittedError);

    door.configure('queue');
    const entry = door.enter(second);
    assert.deepEqual(door.waiting, [2]);
    door.admission.leave(first);

    assert.equal(await entry, undefined);
  });

  it('gives the lock to nobody outside any more, and to everyone again', async () => {
    const door = new Door('shared');
    const outside = door.guest();

    door.configure('exclusive');
    assert.throws(() => door.admission.requireInside(outside), /send "open" before "lock"/);
    door.configure('shared');
    door.admission.requireInside(outside);
  });
});

describe('a longest wait that is changed while clients wait', () => {
  it('to a shorter one is that of those who wait, from when they came, and ends a longer one at once', async () => {
    const door = new Door('queue');
    await door.enter(door.guest());
    const first = door.enter(door.guest());
    await door.clock.advance(20_000);
    const second = door.enter(door.guest());
    await door.clock.advance(2_000);

    door.configure('queue', 10_000);

    assert.match(String(await first), /^NotAdmittedError: waited 22 s: probe A1 is in use by/);
    assert.deepEqual(door.waiting, [3]);
    await door.clock.advance(7_999);
    assert.deepEqual(door.waiting, [3]);
    await door.clock.advance(1);
    assert.match(String(await second), /^NotAdmittedError: waited 10 s: /);
    assert.equal(door.clock.pending, 0);
  });

  it('to a longer one keeps their places', async () => {
    const door = new Door('queue');
    await door.enter(door.guest());
    const entry = door.enter(door.guest());
    await door.clock.advance(QUEUE_TIMEOUT_MS - 1);

    door.configure('queue', QUEUE_TIMEOUT_MS + 5000);

    await door.clock.advance(5000);
    assert.deepEqual(door.waiting, [2]);
    await door.clock.advance(1);
    assert.match(String(await entry), /^NotAdmittedError: waited 65 s: /);
  });

  it('is left as it is by a reload that says the same', async () => {
    const door = new Door('queue');
    await door.enter(door.guest());
    const entry = door.enter(door.guest());
    await door.clock.advance(QUEUE_TIMEOUT_MS - 1);

    door.configure('queue');

    await door.clock.advance(1);
    assert.match(String(await entry), /^NotAdmittedError: waited 60 s: /);
  });
});

describe('16 places in a queue, and 10 000 random arrivals, departures, deaths, reservations and reloads', () => {
  it('are served in order, as the sharing of the moment has it, and nobody is lost', async () => {
    const seed = Number(process.env.PROBED_SEED ?? 1);
    const random = randomFrom(seed);
    const door = new Door('queue');
    const people = ['user:ada', 'user:bob', 'user:eve'];
    const present = new Map<number, ReturnType<Door['guest']>>();
    const entries: Promise<unknown>[] = [];
    let sharing: Sharing = 'queue';
    const inside = new Set<number>();
    let queue: number[] = []; // what the queue should be
    const mayEnter = (id: number): boolean =>
      door.reservation === undefined || door.reservation.principal === present.get(id)?.client.principal;
    /** What the daemon should have done after each step. */
    const expectNext = (): void => {
      for (const id of queue) {
        const hasPlace = sharing === 'shared' || inside.size === 0;
        if (hasPlace && mayEnter(id)) inside.add(id);
        else if (sharing === 'queue') continue;
        else present.delete(id);
        queue = queue.filter((other) => other !== id);
      }
    };

    for (let step = 0; step < 10_000; step++) {
      const dice = random(12);
      if (dice < 4 && present.size < 16) {
        const guest = door.guest(people[random(people.length)]);
        const { id } = guest.client;
        present.set(id, guest);
        queue.push(id);
        entries.push(door.enter(guest));
      } else if (dice < 6 && inside.size > 0) {
        const id = [...inside][random(inside.size)];
        const guest = present.get(id);
        assert.ok(guest);
        present.delete(id);
        inside.delete(id);
        if (dice === 5) guest.gone.abort(new RequestError('the client is gone')); // it dies, and then leaves
        door.admission.leave(guest);
      } else if (dice < 8 && queue.length > 0) {
        const [id] = queue.splice(random(queue.length), 1);
        present.get(id)?.gone.abort(new RequestError('the client is gone'));
        present.delete(id);
      } else if (dice === 8) door.reserve(people[random(people.length)]);
      else if (dice === 9) door.configure((sharing = (['queue', 'queue', 'shared', 'exclusive'] as const)[random(4)]));
      else door.release();
      expectNext();
      await settle();

      const where = `seed ${seed}, step ${step}`;
      assert.deepEqual(door.waiting, queue, where);
      const really = [...present.values()]
        .filter((guest) => door.admission.isInside(guest))
        .map((guest) => guest.client.id);
      assert.deepEqual(
        really,
        [...inside].sort((a, b) => a - b),
        where,
      );
    }
  });
});
