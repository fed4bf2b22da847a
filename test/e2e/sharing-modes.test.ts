import assert from 'node:assert/strict';
import process from 'node:process';
import type { SimProbe } from '../../src/sim/sim-probe.js';
import { randomFrom } from '../support/random.js';
import type { TestClient } from '../support/test-client.js';
import { startWorld, type World } from '../support/world.js';

const UID = 'A1';
const ADA = '127.0.0.2';
const BOB = '127.0.0.3';
const LISTEN = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';

/** A daemon with a probe that is plugged in, and is shared in this way. */
async function worldWith(sharing: string, more = ''): Promise<World & { readonly probe: SimProbe }> {
  const probe = `[[probe]]\nuid = "${UID}"\nsharing = "${sharing}"\n`;
  const world = await startWorld({ config: `${LISTEN}${more}${probe}` });
  const served = world.event('served', UID);
  const plugged = world.plug({ uid: UID });
  await served;
  return Object.assign(world, { probe: plugged });
}

function reserve(world: World, address: string): Promise<unknown> {
  return world.daemon.reserve(UID, { principal: `addr:${address}`, lengthMs: 60_000, reason: 'tests' }, 'user:root');
}

/** Sends the `open` of a client that has to wait, which is in the queue when this resolves. */
async function queuedOpen(
  world: World,
  client: TestClient,
): Promise<{ readonly open: ReturnType<TestClient['request']> }> {
  const queued = world.event('queued', UID);
  const open = client.request('open');
  await queued;
  return { open };
}

describe('a probe in exclusive use', () => {
  it('is refused to a second client at open, with status 1 and who has it, until the first closes', async () => {
    await using world = await worldWith('exclusive');
    const [first, second] = [await world.client(UID, ADA), await world.client(UID, BOB)];
    await first.result('open');
    const refused = world.event('refused', UID);

    const { status, error } = await second.request('open');

    assert.equal(status, 1);
    assert.match(error ?? '', /^probe A1 is in use by addr:127\.0\.0\.2 \(127\.0\.0\.2:\d+\) since \d{4}-/);
    const event = await refused;
    assert.ok(event.type === 'refused' && event.principal === `addr:${BOB}` && event.reason === error);
    assert.equal((await second.request('lock')).status, 1);
    await first.result('close');
    await second.result('open');
    assert.equal((await first.request('open')).status, 1);
    assert.deepEqual(world.daemon.show(UID).errors, []); // nothing is wrong with the probe
  });

  it('answers the one it refused without waiting for the lock of its client', async () => {
    await using world = await worldWith('exclusive');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    for (const request of ['open', 'lock']) await first.result(request);

    const statuses: number[] = [];
    for (const request of ['open', 'close', 'disconnect', 'unlock', 'flush', 'lock'])
      statuses.push((await second.request(request)).status);

    assert.deepEqual(statuses, [1, 0, 0, 0, 3, 1]);
    const { clients } = world.daemon.show(UID);
    assert.deepEqual(
      clients.map(({ lockDepth }) => lockDepth),
      [1, 0],
    );
  });

  it('is free at once when its client dies, also with the lock', async () => {
    await using world = await worldWith('exclusive');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    for (const request of ['open', 'lock']) await first.result(request);
    const gone = world.event('client-out', UID);
    first.socket.resetAndDestroy();
    await gone;

    for (const request of ['open', 'lock']) await second.result(request);
  });

  it('is free after replug for whoever opens it first', async () => {
    await using world = await worldWith('exclusive');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    await first.result('open');
    const served = world.event('detached', UID).then(() => world.event('served', UID));
    world.unplug(world.probe);
    world.plug(world.probe);
    await served;

    await second.result('open');
    assert.equal((await first.request('open')).status, 1);
  });

  it('is for everyone from the reload on that says so, also while it is in use', async () => {
    await using world = await worldWith('exclusive');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    await first.result('open');
    assert.equal((await second.request('open')).status, 1);

    const reloaded = await world.reload(LISTEN);

    assert.ok(reloaded.applied);
    assert.deepEqual([reloaded.changed, reloaded.waiting], [[UID], []]);
    await second.result('open');
    await first.result('set_clock', 1_000_000);
  });

  it('is so at once for new clients, where other settings wait for the last client to go', async () => {
    await using world = await worldWith('shared');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    await first.result('open');

    const probe = `[[probe]]\nuid = "${UID}"\nsharing = "exclusive"\nclock_limit = 100_000\n`;
    const reloaded = await world.reload(`${LISTEN}${probe}`);

    assert.ok(reloaded.applied);
    assert.deepEqual(reloaded.waiting, [UID]);
    assert.equal((await second.request('open')).status, 1);
    const rows = world.daemon.show(UID).settings.filter(({ key }) => /sharing|clock_limit/.test(key));
    assert.deepEqual(
      rows.map(({ key, value, still }) => [key, value, still]),
      [
        ['probe.clock_limit', '100000', 'none'],
        ['probe.sharing', 'exclusive', undefined],
      ],
    );
  });
});

describe('a probe with a queue', () => {
  it('answers open when the turn has come, and show and status list who waits', async () => {
    await using world = await worldWith('queue');
    const [first, second] = [await world.client(UID, ADA), await world.client(UID, BOB)];
    await first.result('open');
    const { open } = await queuedOpen(world, second);

    assert.equal(world.status(UID)?.waiting, 1);
    const [waiting] = world.daemon.show(UID).queue;
    assert.deepEqual([waiting.principal, waiting.address], [`addr:${BOB}`, `${BOB}:${second.socket.localPort}`]);
    await first.result('close');
    assert.equal((await open).status, 0);
    assert.deepEqual(world.daemon.show(UID).queue, []);
  });

  it('refuses a client that has waited too long', async () => {
    await using world = await worldWith('queue', '[access]\nqueue_timeout = 1\n');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    await first.result('open');

    const { status, error } = await second.request('open');

    assert.equal(status, 1);
    assert.match(error ?? '', /^waited [1-9]\d* s: probe A1 is in use by/);
  });

  it('refuses those who wait, and says who has the probe, when a reload makes it exclusive', async () => {
    await using world = await worldWith('queue');
    const [first, second] = [await world.client(UID, ADA), await world.client(UID, BOB)];
    await first.result('open');
    const { open } = await queuedOpen(world, second);
    const refused = world.event('refused', UID);

    await world.reload(`${LISTEN}[[probe]]\nuid = "${UID}"\nsharing = "exclusive"\n`);

    const { status, error } = await open;
    assert.equal(status, 1);
    assert.match(error ?? '', /^probe A1 is in use by addr:127\.0\.0\.2 \(127\.0\.0\.2:\d+\) since \d{4}-/);
    const event = await refused;
    assert.ok(event.type === 'refused' && event.reason === error);
    assert.deepEqual(world.daemon.show(UID).queue, []);
    await first.result('set_clock', 1_000_000);
  });

  it('refuses those who have waited longer than a reload lets them, and not at once those who have not', async () => {
    await using world = await worldWith('queue');
    const [first, second] = [await world.client(UID), await world.client(UID)];
    await first.result('open');
    const { open } = await queuedOpen(world, second);

    await world.reload(`${LISTEN}[access]\nqueue_timeout = 1\n[[probe]]\nuid = "${UID}"\nsharing = "queue"\n`);

    assert.match((await open).error ?? '', /^waited [1-9]\d* s: /);
    await first.result('set_clock', 1_000_000);
  });

  it('answers all who wait with status 2 when the probe is unplugged', async () => {
    await using world = await worldWith('queue');
    const clients = [await world.client(UID), await world.client(UID), await world.client(UID)];
    await clients[0].result('open');
    const opens: Promise<{ readonly status: number }>[] = [];
    for (const client of clients.slice(1)) {
      const queued = world.event('queued', UID);
      opens.push(client.request('open'));
      await queued;
    }

    world.unplug(world.probe);

    assert.deepEqual(
      (await Promise.all(opens)).map(({ status }) => status),
      [2, 2],
    );
  });

  it('drops a client that is kicked while it waits', async () => {
    await using world = await worldWith('queue');
    const [first, second] = [await world.client(UID, ADA), await world.client(UID, BOB)];
    await first.result('open');
    const { open } = await queuedOpen(world, second);

    const kicked = await world.daemon.kick(UID, { principal: `addr:${BOB}` }, 'user:root');

    assert.deepEqual(
      kicked.map(({ principal }) => principal),
      [`addr:${BOB}`],
    );
    assert.equal((await open).status, 2);
    assert.equal(world.status(UID)?.waiting, 0);
  });
});

describe('a reserved probe', () => {
  it('lets in the clients of its holder, and tells others for whom, until when and why', async () => {
    await using world = await worldWith('shared');
    await reserve(world, ADA);
    const [ada, bob] = [await world.client(UID, ADA), await world.client(UID, BOB)];

    await ada.result('open');
    const { status, error } = await bob.request('open');

    assert.equal(status, 1);
    assert.match(error ?? '', /^probe A1 is reserved for addr:127\.0\.0\.2 until \S+Z \(tests\)$/);
    await world.daemon.release(UID, 'user:root');
    await bob.result('open');
  });

  it('keeps others waiting where there is a queue, until it is released', async () => {
    await using world = await worldWith('queue');
    await reserve(world, ADA);
    const bob = await world.client(UID, BOB);
    const { open } = await queuedOpen(world, bob);
    const ada = await world.client(UID, ADA);
    for (const request of ['open', 'close']) await ada.result(request);

    await world.daemon.release(UID, 'user:root');

    assert.equal((await open).status, 0);
  });

  it('names those who have it open, and leaves it to them until they close', async () => {
    await using world = await worldWith('shared');
    const bob = await world.client(UID, BOB);
    await bob.result('open');

    const { others } = await world.daemon.reserve(UID, { principal: `addr:${ADA}`, lengthMs: 60_000 }, undefined);

    assert.deepEqual(
      others.map(({ principal }) => principal),
      [`addr:${BOB}`],
    );
    await bob.result('set_clock', 1_000_000);
  });

  it('is free again when it is forgotten', async () => {
    await using world = await worldWith('shared');
    await reserve(world, ADA);
    const detached = world.event('detached', UID);
    world.unplug(world.probe);
    await detached;

    await world.daemon.forget(UID);
    world.plug(world.probe);

    await (await world.client(UID, BOB)).result('open');
  });
});

/** A client in a queue, and its `open`. */
interface Waiting {
  readonly client: TestClient;
  readonly open: Promise<{ readonly status: number }>;
}

describe('16 waiting clients in a queue, and 1000 random arrivals, departures and deaths', () => {
  it('are served strictly in order, one at a time, and none is lost', async function () {
    this.timeout(120_000);
    const seed = Number(process.env.PROBED_SEED ?? 1);
    const random = randomFrom(seed);
    await using world = await worldWith('queue');
    const arrive = async (): Promise<Waiting> => {
      const client = await world.client(UID);
      const queued = world.event('queued', UID);
      const open = client.request('open');
      open.catch(() => undefined); // one that dies gets no answer
      if (holder) await queued;
      else assert.equal((await open).status, 0);
      return { client, open };
    };
    /** By RST, or by FIN as a client does that is killed with nothing left to read. */
    const die = ({ client: { socket } }: Waiting): unknown =>
      random(2) === 0 ? socket.resetAndDestroy() : socket.destroy();
    let holder: Waiting | undefined;
    const queue: Waiting[] = [];
    let served = 0;
    let longest = 0;

    for (let step = 0; step < 1000; step++) {
      const where = `seed ${seed}, step ${step}`;
      const dice = step < 20 ? 0 : random(10); // full at first, and often later: as many come as leave
      if (!holder) holder = await arrive();
      else if (dice < 5 && queue.length < 16) queue.push(await arrive());
      else if (dice < 7) {
        const left = holder;
        const gone = world.event('client-out', UID);
        holder = queue.shift();
        if (dice === 6) die(left);
        else await left.client.result('close');
        if (holder) assert.equal((await holder.open).status, 0, where);
        await left.client[Symbol.asyncDispose]();
        await gone;
        served++;
      } else if (queue.length > 0) {
        const [dead] = queue.splice(random(queue.length), 1);
        const gone = world.event('client-out', UID);
        die(dead);
        await gone;
      }

      longest = Math.max(longest, queue.length);
      const { queue: rows, clients } = world.daemon.show(UID);
      const portOf = ({ client }: Waiting): string => `127.0.0.1:${client.socket.localPort}`;
      assert.deepEqual(
        rows.map(({ address }) => address),
        queue.map(portOf),
        where,
      );
      assert.ok(clients.filter(({ open }) => open).length <= 1, where);
    }

    assert.ok(served > 150, `seed ${seed}: only ${served} were served`);
    assert.equal(longest, 16, `seed ${seed}: the queue was not full`);
  });
});
