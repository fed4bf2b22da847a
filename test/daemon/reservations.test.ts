import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import { Reservations } from '../../src/daemon/reservations.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryFiles } from './memory-files.js';

const MINUTE_MS = 60_000;
const FILE = '/state/reservations.json';

class Desk {
  readonly expired: string[] = [];
  readonly told: string[] = [];

  private constructor(
    readonly clock: FakeClock,
    readonly files: MemoryFiles,
  ) {}

  static async open(
    clock = new FakeClock(),
    files = new MemoryFiles(),
  ): Promise<Desk & { reservations: Reservations }> {
    const desk = new Desk(clock, files);
    const reservations = await Reservations.open({
      ...{ directory: '/state', files, clock, longestMs: 60 * MINUTE_MS },
      onExpired: (uid, { principal }) => desk.expired.push(`${uid} ${principal}`),
    });
    reservations.subscribe((uid) => desk.told.push(uid));
    return Object.assign(desk, { reservations });
  }
}

const ada = { principal: 'user:ada', lengthMs: 10 * MINUTE_MS, reason: 'tests' };

describe('a reservation', () => {
  it('holds until its time, and then ends by itself', async () => {
    const { reservations, clock, expired, told } = await Desk.open();

    const { until } = await reservations.reserve('A1', ada);

    assert.equal(until.toISOString(), '2026-01-01T00:10:00.000Z');
    assert.deepEqual(reservations.of('A1'), { principal: 'user:ada', reason: 'tests', until });
    assert.equal(reservations.of('A2'), undefined);
    await clock.advance(10 * MINUTE_MS - 1);
    assert.deepEqual(expired, []);
    await clock.advance(1);
    assert.deepEqual([expired, told, reservations.of('A1')], [['A1 user:ada'], ['A1', 'A1'], undefined]);
    assert.equal(clock.pending, 0);
  });

  it('is over at its time even where nobody has noticed yet', async () => {
    const { reservations, clock } = await Desk.open();
    await reservations.reserve('A1', ada);

    clock.stall(10 * MINUTE_MS);

    assert.equal(reservations.of('A1'), undefined);
    await reservations.reserve('A1', { principal: 'user:bob', lengthMs: MINUTE_MS });
    assert.equal(reservations.of('A1')?.principal, 'user:bob');
    await reservations[Symbol.asyncDispose]();
  });

  it('is one at a time, of a length that is allowed, and can be made longer and ended', async () => {
    const { reservations } = await Desk.open();
    await assert.rejects(reservations.reserve('A1', { ...ada, lengthMs: 61 * MINUTE_MS }), /may last 1h from now on/);
    await reservations.reserve('A1', ada);

    await assert.rejects(reservations.reserve('A1', { principal: 'user:bob', lengthMs: MINUTE_MS }), RequestError);
    assert.equal((await reservations.extend('A1', 50 * MINUTE_MS)).until.toISOString(), '2026-01-01T01:00:00.000Z');
    await assert.rejects(reservations.extend('A1', MINUTE_MS), RequestError);
    assert.equal((await reservations.release('A1')).principal, 'user:ada');
    assert.equal(reservations.of('A1'), undefined);
    await assert.rejects(reservations.release('A1'), /probe A1 is not reserved/);
    await assert.rejects(reservations.extend('A1', MINUTE_MS), /probe A1 is not reserved/);
  });

  it('is there again after a restart, and ends when it would have', async () => {
    const before = await Desk.open();
    await before.reservations.reserve('A1', ada);
    await before.reservations.reserve('A2', { principal: 'addr:192.0.2.7', lengthMs: MINUTE_MS });
    await before.reservations[Symbol.asyncDispose]();
    before.clock.stall(2 * MINUTE_MS);

    const { reservations, expired, clock } = await Desk.open(
      before.clock,
      before.files.restart(() => false),
    );

    assert.equal(reservations.of('A1')?.until.toISOString(), '2026-01-01T00:10:00.000Z');
    assert.deepEqual(expired, ['A2 addr:192.0.2.7']);
    await clock.advance(8 * MINUTE_MS);
    assert.deepEqual(expired, ['A2 addr:192.0.2.7', 'A1 user:ada']);
  });

  it('ends although the wall clock was set back, or is not set yet', async () => {
    const first = await Desk.open();
    await first.reservations.reserve('A1', ada);
    await first.reservations[Symbol.asyncDispose]();
    const clock = new FakeClock();
    clock.date = () => new Date(0); // it stands still, decades ago

    const { reservations } = await Desk.open(clock, first.files);

    assert.equal(reservations.of('A1')?.principal, 'user:ada');
    await clock.advance(60 * MINUTE_MS); // the longest there may be
    assert.equal(reservations.of('A1'), undefined);
  });

  it('that was made while the wall clock was years ahead lasts no longer than one may, over all restarts', async () => {
    const ahead = new FakeClock();
    ahead.stall(20 * 365 * 24 * 60 * MINUTE_MS);
    let desk = await Desk.open(ahead);
    await desk.reservations.reserve('A1', ada);
    await desk.reservations[Symbol.asyncDispose]();
    const clock = new FakeClock(); // it is right now

    for (let i = 0; i < 3; i++) {
      desk = await Desk.open(clock, desk.files);
      assert.equal(desk.reservations.of('A1')?.until.toISOString(), '2026-01-01T01:00:00.000Z');
      await desk.reservations[Symbol.asyncDispose]();
      clock.stall(19 * MINUTE_MS);
    }
    desk = await Desk.open(clock, desk.files);
    await desk.clock.advance(3 * MINUTE_MS);

    assert.deepEqual(desk.expired, ['A1 user:ada']);
  });

  it('ends when the wall clock is set forward past it, which is noticed within 10 s and kept', async () => {
    const { reservations, clock, expired, told, files } = await Desk.open();
    await reservations.reserve('A1', ada);
    const before = clock.date.bind(clock);
    clock.date = () => new Date(before().getTime() + 11 * MINUTE_MS);

    assert.equal(reservations.of('A1'), undefined);
    await clock.advance(10_000);
    await reservations[Symbol.asyncDispose]();

    assert.deepEqual(expired, ['A1 user:ada']);
    assert.deepEqual(told, ['A1', 'A1']);
    assert.equal(String(await files.read(FILE)), '{"format":1,"reservations":{}}\n');
  });
});

describe('the file of reservations', () => {
  it('is written before whoever reserves or releases hears that it is done', async () => {
    const { reservations, files } = await Desk.open();

    await reservations.reserve('A1', ada);
    assert.match(String(await files.read(FILE)), /"A1"/);
    await reservations.release('A1');

    assert.doesNotMatch(String(await files.read(FILE)), /"A1"/);
  });

  for (const text of [
    '',
    '{',
    '[]',
    '{"format":2,"reservations":{}}',
    '{"format":1,"reservations":{"A1":{"principal":1}}}',
  ]) {
    it(`is given up where it reads ${JSON.stringify(text)}, and the daemon says so`, async () => {
      const files = new MemoryFiles();
      files.seen.set(FILE, Buffer.from(text));

      const { reservations } = await Desk.open(new FakeClock(), files);

      assert.match(reservations.finding ?? '', /damaged/);
      await reservations.reserve('A1', ada);
      assert.equal(reservations.problem, undefined);
      await reservations[Symbol.asyncDispose]();
    });
  }

  it('may be impossible to write: reservations hold, and status says they will be lost', async () => {
    const { reservations, files } = await Desk.open();
    files.onOperation = (operation) => {
      if (operation === 'write') throw new Error('no space left on device');
    };

    await reservations.reserve('A1', ada);

    assert.equal(reservations.of('A1')?.principal, 'user:ada');
    assert.match(reservations.problem?.message ?? '', /cannot be written/);
    files.onOperation = () => undefined;
    await reservations.extend('A1', MINUTE_MS);
    assert.equal(reservations.problem, undefined);
    await reservations[Symbol.asyncDispose]();
  });

  it('is written as soon as it can be again: after a minute, or at the end', async () => {
    const { reservations, files, clock } = await Desk.open();
    files.onOperation = (operation) => {
      if (operation === 'write') throw new Error('no space left on device');
    };
    await reservations.reserve('A1', ada);
    await clock.advance(MINUTE_MS);
    assert.notEqual(reservations.problem, undefined);

    files.onOperation = () => undefined;
    await clock.advance(MINUTE_MS);
    assert.equal(reservations.problem, undefined);
    assert.match(String(await files.read(FILE)), /user:ada/);
    files.onOperation = (operation) => {
      if (operation === 'write') throw new Error('no space left on device');
    };
    await reservations.release('A1');
    files.onOperation = () => undefined;
    await reservations[Symbol.asyncDispose]();

    assert.equal(String(await files.read(FILE)), '{"format":1,"reservations":{}}\n');
    assert.equal(clock.pending, 0);
  });

  it('is the old one or the new one wherever the power fails', async () => {
    for (let operations = 0; ; operations++) {
      const desk = await Desk.open();
      await desk.reservations.reserve('A1', ada);
      desk.files.losePowerAfter(operations);
      await desk.reservations.extend('A1', MINUTE_MS);
      const wasDone = desk.files.hasPower;
      await desk.reservations[Symbol.asyncDispose]();

      const { reservations } = await Desk.open(
        desk.clock,
        desk.files.restart(() => operations % 2 === 0),
      );

      const minutes = reservations.of('A1')?.until.getUTCMinutes();
      assert.ok(minutes === 11 || (minutes === 10 && !wasDone), `${operations} operations: ${minutes}`);
      await reservations[Symbol.asyncDispose]();
      if (wasDone) return;
    }
  });
});
