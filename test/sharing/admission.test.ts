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
      rules: { sharing, queueTimeoutMs: QUEUE_TIMEOUT_MS, reservation: () => this.reservation },
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

describe('16 places in a queue, and 10 000 random arrivals, departures, deaths and reservations', () => {
  it('are served in order, one at a time, and nobody is lost', async () => {
    const seed = Number(process.env.PROBED_SEED ?? 1);
    const random = randomFrom(seed);
    const door = new Door('queue');
    const people = ['user:ada', 'user:bob', 'user:eve'];
    const present = new Map<number, ReturnType<Door['guest']>>();
    const entries: Promise<unknown>[] = [];
    let inside: number | undefined;
    let queue: number[] = []; // what the queue should be
    const mayEnter = (id: number): boolean =>
      door.reservation === undefined || door.reservation.principal === present.get(id)?.client.principal;
    /** What the daemon should have done after each step. */
    const expectNext = (): void => {
      if (inside !== undefined) return;
      inside = queue.find(mayEnter);
      queue = queue.filter((id) => id !== inside);
    };

    for (let step = 0; step < 10_000; step++) {
      const dice = random(10);
      if (dice < 4 && present.size < 16) {
        const guest = door.guest(people[random(people.length)]);
        const { id } = guest.client;
        present.set(id, guest);
        queue.push(id);
        entries.push(door.enter(guest));
      } else if (dice < 6 && inside !== undefined) {
        const guest = present.get(inside);
        assert.ok(guest);
        present.delete(inside);
        inside = undefined;
        if (dice === 5) guest.gone.abort(new RequestError('the client is gone')); // it dies, and then leaves
        door.admission.leave(guest);
      } else if (dice < 8 && queue.length > 0) {
        const [id] = queue.splice(random(queue.length), 1);
        present.get(id)?.gone.abort(new RequestError('the client is gone'));
        present.delete(id);
      } else if (dice === 8) door.reserve(people[random(people.length)]);
      else door.release();
      expectNext();
      await settle();

      const where = `seed ${seed}, step ${step}`;
      assert.deepEqual(door.waiting, queue, where);
      const really = [...present.values()]
        .filter((guest) => door.admission.isInside(guest))
        .map((guest) => guest.client.id);
      assert.deepEqual(really, inside === undefined ? [] : [inside], where);
    }
  });
});
