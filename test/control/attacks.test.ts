import assert from 'node:assert/strict';
import { once } from 'node:events';
import { defaultControlLimits } from '../../src/control/limits.js';
import { FakeClock } from '../support/fake-clock.js';
import { ControlWorld, requestText } from './control-world.js';
import { probe } from './fake-daemon.js';

const PING = { type: 'reply', data: { id: 1, result: { pid: 4711 } } };

/** Whoever else connects is served. */
async function assertServes(world: ControlWorld): Promise<void> {
  await using peer = await world.peer();
  peer.request(1, 'ping');
  assert.deepEqual(await peer.message(), PING);
}

describe('a peer that sends what is no request', () => {
  const closing: readonly (readonly [what: string, bytes: string])[] = [
    ['an empty object', '{}\f'],
    ['a type that is a number', '{"type":5}\f'],
    ['null', 'null\f'],
    ['a list', '[]\f'],
    ['no JSON', 'GET / HTTP/1.1\r\n\r\n\f'],
    ['nothing between delimiters', '\f\f'],
    ['type __proto__', '{"type":"__proto__","data":{}}\f'],
    ['type constructor', '{"type":"constructor","data":{}}\f'],
    ['type toString', '{"type":"toString","data":{}}\f'],
    ['lifecycle event close', '{"type":"close","data":{}}\f'],
    ['lifecycle event error', '{"type":"error","data":{}}\f'],
    ['lifecycle event connect', '{"type":"connect","data":{}}\f'],
    ['lifecycle event socket.disconnected', '{"type":"socket.disconnected","data":{}}\f'],
  ];
  for (const [what, bytes] of closing) {
    it(`${what}: is disconnected, and nobody else is`, async () => {
      await using world = await ControlWorld.start();
      await using bystander = await world.peer();
      await using peer = await world.peer();

      peer.send(bytes);

      await peer.closed;
      bystander.request(1, 'ping');
      assert.deepEqual(await bystander.message(), PING);
    });
  }

  const refused: readonly (readonly [what: string, data: unknown, id: number])[] = [
    ['data null', null, -1],
    ['data a number', 5, -1],
    ['no id', { protocol: 1, command: 'ping' }, -1],
    ['an id that is an object', { protocol: 1, id: {}, command: 'ping' }, -1],
    ['a command that is a list', { protocol: 1, id: 4, command: ['ping'] }, 4],
    ['no protocol', { id: 4, command: 'ping' }, 4],
  ];
  for (const [what, data, id] of refused) {
    it(`${what}: is told so, and stays connected`, async () => {
      await using world = await ControlWorld.start();
      await using peer = await world.peer();

      peer.send(`${JSON.stringify({ type: 'request', data })}\f`);

      const error = { code: 'protocol', message: 'a request has protocol, id and command' };
      assert.deepEqual(await peer.message(), { type: 'reply', data: { id, error } });
      peer.request(1, 'ping');
      assert.deepEqual(await peer.message(), PING);
    });
  }

  for (const command of ['__proto__', 'constructor', 'hasOwnProperty']) {
    it(`command ${command}: it is unknown`, async () => {
      await using world = await ControlWorld.start();
      await using peer = await world.peer();

      peer.request(1, command);

      assert.match(JSON.stringify(await peer.message()), /has no command/);
    });
  }

  it('messages of a type that means nothing: they are passed over', async () => {
    await using world = await ControlWorld.start();
    await using peer = await world.peer();

    peer.send('{"type":"reply","data":{"id":1}}\f{"type":"*","data":1}\f');
    peer.request(1, 'ping');

    assert.deepEqual(await peer.message(), PING);
  });
});

describe('a peer that sends 100 MB without a delimiter', () => {
  it('is cut off after the longest message allowed, at bounded cost of memory', async () => {
    await using world = await ControlWorld.start();
    await using peer = await world.peer();
    const before = process.memoryUsage().rss;
    const chunk = 'x'.repeat(64 * 1024);
    let sentBytes = 0;

    while (!peer.socket.destroyed && sentBytes < 100e6) {
      sentBytes += chunk.length;
      if (!peer.socket.write(chunk))
        await Promise.race([once(peer.socket, 'drain').catch(() => undefined), peer.closed]);
    }
    await peer.closed;

    assert(sentBytes < 20e6, `${sentBytes} bytes were taken`);
    assert(process.memoryUsage().rss - before < 100e6, `${process.memoryUsage().rss - before} bytes of memory`);
    await assertServes(world);
  });
});

describe('a peer that sends one and a half messages', () => {
  it('gets the answer to the first at once, and to the second when it is whole', async () => {
    await using world = await ControlWorld.start();
    await using peer = await world.peer();
    const second = requestText(2, 'ping');

    peer.send(requestText(1, 'ping') + second.slice(0, 20));
    assert.deepEqual(await peer.message(), PING);
    peer.send(second.slice(20));

    assert.deepEqual(await peer.message(), { type: 'reply', data: { id: 2, result: { pid: 4711 } } });
  });

  it('is cut off if the rest does not come in time, however slowly it drips', async () => {
    const limits = { ...defaultControlLimits, messageTimeoutMs: 50 };
    await using world = await ControlWorld.start({ limits });
    await using peer = await world.peer();
    const drip = setInterval(() => peer.socket.writable && peer.send(' '), 10);

    peer.send('{"type":');
    await peer.closed;

    clearInterval(drip);
    await assertServes(world);
  });
});

describe('a peer that asks much and reads nothing', () => {
  it('is asked to read before more is done for it', async () => {
    const limits = { ...defaultControlLimits, maxUnreadBytes: 100_000, maxQueuedRequests: 400 };
    await using world = await ControlWorld.start({ limits });
    world.daemon.rows = Array.from({ length: 500 }, (_, i) => probe(`PROBE-${i}`)); // an answer of 100 kB
    await using peer = await world.peer();
    peer.socket.pause();

    for (let id = 0; id < 300; id++) peer.request(id, 'status');
    await assertServes(world);
    await assertServes(world);
    const answered = world.daemon.calls.length;
    assert(answered < 20, `${answered} requests were run`);

    peer.socket.resume();
    for (let id = 0; id < 300; id++) {
      const reply = JSON.stringify(await peer.message());
      assert(reply.startsWith(`{"type":"reply","data":{"id":${id},"result"`), reply.slice(0, 100));
    }
  });

  it('is disconnected when it sends too many requests ahead', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rescanned = new Promise(() => undefined);
    await using peer = await world.peer();

    for (let id = 0; id <= defaultControlLimits.maxQueuedRequests + 1; id++) peer.request(id, 'rescan');

    await peer.closed;
    await assertServes(world);
  });

  it('is told that an answer is longer than a message may be', async () => {
    const limits = { ...defaultControlLimits, maxMessageBytes: 1000 };
    await using world = await ControlWorld.start({ limits });
    world.daemon.rows = Array.from({ length: 50 }, (_, i) => probe(`PROBE-${i}`));
    await using peer = await world.peer();

    peer.request(1, 'status');

    const error = { code: 'failed', message: 'status: the answer is too long' };
    assert.deepEqual(await peer.message(), { type: 'reply', data: { id: 1, error } });
  });
});

describe('a peer that opens 500 connections and holds them', () => {
  it('does not keep an operator out', async () => {
    await using world = await ControlWorld.start();
    const peers = await Promise.all(Array.from({ length: 500 }, () => world.peer()));

    await assertServes(world);

    await Promise.all(peers.slice(0, 400).map(({ closed }) => closed));
    assert(world.server.connections <= defaultControlLimits.maxConnections, `${world.server.connections} are left`);
  });

  it('does so neither when all of them ask for events', async () => {
    const limits = { ...defaultControlLimits, maxConnections: 8 };
    await using world = await ControlWorld.start({ limits });
    for (let i = 0; i < 8; i++) {
      const subscriber = await world.peer();
      subscriber.request(0, 'events');
      await subscriber.message();
    }

    await assertServes(world);
  });

  it('loses the connection that was idle longest, and none that has a request running', async () => {
    const limits = { ...defaultControlLimits, maxConnections: 3 };
    const clock = new FakeClock();
    await using world = await ControlWorld.start({ limits, clock });
    world.daemon.rescanned = new Promise(() => undefined);
    const [busy, idle, used] = [await world.peer(), await world.peer(), await world.peer()];
    busy.request(1, 'rescan');
    idle.request(1, 'ping');
    await idle.message();
    await clock.advance(10);
    used.request(1, 'ping');
    await used.message();

    await assertServes(world);

    await idle.closed;
    assert(!busy.socket.closed && !used.socket.closed);
  });
});

describe('a peer that connects and is silent', () => {
  it('is disconnected after the idle timeout', async () => {
    const clock = new FakeClock();
    await using world = await ControlWorld.start({ clock });
    const [silent, subscriber] = [await world.peer(), await world.peer()];
    subscriber.request(1, 'events');
    await subscriber.message();

    await clock.advance(defaultControlLimits.idleTimeoutMs);

    await silent.closed;
    assert(!subscriber.socket.closed, 'who waits for events may be silent');
  });

  it('is disconnected although it asked for events, if it does not read them', async () => {
    const clock = new FakeClock();
    await using world = await ControlWorld.start({ clock });
    const subscriber = await world.peer();
    subscriber.request(1, 'events');
    await subscriber.message();
    subscriber.socket.pause();
    for (let i = 0; i < 2000; i++) world.daemon.events.add({ type: 'error', error: 'x'.repeat(1000) });
    await assertServes(world); // the kernel has taken what it takes, then

    await clock.advance(defaultControlLimits.idleTimeoutMs);
    subscriber.socket.resume();

    await subscriber.closed;
  });

  it('is not while its request runs, but is counted from the answer on', async () => {
    const clock = new FakeClock();
    await using world = await ControlWorld.start({ clock });
    let release = (): void => undefined;
    world.daemon.rescanned = new Promise((resolve) => (release = resolve));
    const peer = await world.peer();
    peer.request(1, 'rescan');
    await assertServes(world); // it has arrived, then

    await clock.advance(3 * defaultControlLimits.idleTimeoutMs);
    assert(!peer.socket.closed);
    release();
    assert.match(JSON.stringify(await peer.message()), /"result"/);

    await clock.advance(defaultControlLimits.idleTimeoutMs);
    await peer.closed;
  });
});
