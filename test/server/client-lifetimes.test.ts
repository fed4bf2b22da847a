import assert, { AssertionError } from 'node:assert';
import { execFile } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { FakeClock } from '../support/fake-clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { loadSocketOptions } from '../../src/platform/socket-options.js';
import { ProbeServer } from '../../src/server/probe-server.js';
import { ListenError } from '../../src/server/listen-error.js';
import { TestClient } from '../support/test-client.js';
import { waysIn } from '../support/way-in.js';
import { TestServer } from './test-server.js';

/** A promise that a test settles. */
function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open: () => open() };
}

/** Lets the event loop turn until something has come about. */
async function turnsUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !isSo(); turn++) await setImmediate();
  assert.ok(isSo());
}

const read = '{"id": 1, "request": "read_dp", "arguments": [0]}\n';

describe('a client that pipelines', () => {
  for (const way of waysIn) {
    it(`gets 10 000 replies in order (it came ${way})`, async () => {
      await using test = await TestServer.reached(way);
      await using client = await test.client();
      const lines = Array.from(
        { length: 10_000 },
        (_, id) => `{"id": ${id}, "request": "read_dp", "arguments": [0]}\n`,
      );
      client.send(lines.join(''));

      for (let id = 0; id < lines.length; id++)
        assert.deepEqual(await client.reply(), { id, status: 0, result: 0x0bc11477 });
      assert.equal(test.lease.calls.length, 10_000);
    });
  }

  it('has one request run at a time, and gets a reply at once when the next has to wait', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    await client.request('hello', 1);
    const held = gate();
    test.lease.gate = held.promise;
    client.send(
      '{"id": 1, "request": "hello", "arguments": [1]}\n{"id": 2, "request": "lock"}\n{"id": 3, "request": "open"}\n',
    );

    assert.equal((await client.reply()).id, 1);
    await test.lease.called(1);
    assert.deepEqual(test.lease.calls, [['lock']]);
    held.open();
    assert.equal((await client.reply()).id, 2);
    assert.equal((await client.reply()).id, 3);
  });

  it('has its next request wait also where that comes by itself', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    await client.request('hello', 1);
    const held = gate();
    test.lease.gate = held.promise;
    client.send('{"id": 1, "request": "lock"}\n');
    await test.lease.called(1);
    client.send('{"id": 2, "request": "open"}\n');
    const { lease } = test;
    await using other = await test.client();
    for (let i = 0; i < 10; i++) await other.request('hello', 1); // turns in which it could be run

    assert.deepEqual(lease.calls, [['lock']]);
    held.open();
    assert.equal((await client.reply()).id, 1);
    assert.equal((await client.reply()).id, 2);
  });

  for (const [what, limits] of [
    ['requests', { maxBacklogRequests: 8, maxBacklogBytes: Infinity }],
    ['bytes', { maxBacklogRequests: Infinity, maxBacklogBytes: 400_000 }],
  ] as const) {
    it(`is read ahead up to the limit of ${what}, and all of it is answered when it can go on`, async () => {
      await using test = await TestServer.start({ limits });
      await using client = await test.client();
      await client.request('hello', 1);
      const held = gate();
      test.lease.gate = held.promise;
      const line = `{"id": 1, "request": "read_dp", "arguments": [0], "pad": "${'x'.repeat(50_000)}"}\n`;
      client.send(line.repeat(600)); // 30 MB: more than the kernel's buffers hold
      await test.lease.called(1);
      await using other = await test.client();
      for (let i = 0; i < 300; i++) await other.request('hello', 1); // turns in which the server could go on reading
      assert.ok(client.socket.writableLength > 0, 'the server reads without limit');
      held.open();

      for (let i = 0; i < 600; i++) assert.equal((await client.reply()).status, 0);
    });
  }

  for (const [what, requestMs, mostRequests] of [
    ['256 requests', 0, 256],
    ['ten milliseconds', 4, 3],
  ] as const) {
    it(`lets others have their turn after ${what}, and has what was done by then`, async () => {
      let nowMs = 0;
      const held: (() => void)[] = [];
      let isHeld = true;
      const clock: Clock = {
        ...systemClock,
        now: () => nowMs,
        immediate: (callback) => {
          if (!isHeld) return systemClock.immediate(callback);
          held.push(callback);
          return { [Symbol.dispose]: () => undefined };
        },
      };
      await using test = await TestServer.start({ clock });
      await using client = await test.client();
      await client.request('hello', 1);
      test.lease.onCall = () => (nowMs += requestMs);
      client.send(read.repeat(1000));

      for (let i = 0; i < mostRequests; i++) assert.equal((await client.reply()).status, 0);
      assert.equal(test.lease.calls.length, mostRequests);
      isHeld = false;
      for (const turn of held) turn();
      for (let i = mostRequests; i < 1000; i++) assert.equal((await client.reply()).status, 0);
    });
  }
});

describe('a client that does not read', () => {
  it('has no further request run once a megabyte of replies is waiting, and gets all when it reads', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    await client.request('hello', 1);
    test.lease.words = new Uint32Array(65_535).fill(0xffffffff); // 700 KB a reply
    client.socket.pause();
    const request = '{"id": 1, "request": "read_ap_multiple", "arguments": [12, 65535]}\n';
    client.send(request.repeat(100)); // 70 MB of replies
    await test.lease.called(2);
    await using other = await test.client();
    for (let i = 0; i < 50; i++) await other.request('hello', 1);
    const [slow] = test.leases;
    assert.ok(slow.calls.length < 40, `${slow.calls.length} requests were run for a client that does not read`);
    client.socket.resume();

    for (let i = 0; i < 100; i++)
      assert.equal((await client.nextLine()).length, '{"id": 1, "status": 0, "result": []}'.length + 65_535 * 11 - 1);
  });
});

describe('a client that half-closes', () => {
  for (const way of waysIn) {
    it(`gets all its replies, the last one for a line without LF, and then FIN (it came ${way})`, async () => {
      await using test = await TestServer.reached(way);
      await using client = await test.client();
      client.socket.end(`${read}${read.trimEnd()}`);

      assert.equal((await client.reply()).status, 0);
      assert.equal((await client.reply()).status, 0);
      assert.equal(await client.end(), 'FIN');
      await test.lease.disposed();
      assert.equal(test.lease.disposals, 1);
    });
  }

  it('gets a large reply completely, also where connections are reset on close', async () => {
    const socketOptions = await loadSocketOptions(silentLogger);
    await using test = await TestServer.start({ socketOptions });
    await using client = await test.client();
    await client.request('hello', 1);
    test.lease.words = new Uint32Array(65_535).fill(0xffffffff);
    client.socket.end('{"id": 1, "request": "read_ap_multiple", "arguments": [12, 65535]}\n'.repeat(10));

    for (let i = 0; i < 10; i++) assert.equal((await client.reply()).status, 0);
    assert.equal(await client.end(), 'FIN');
  });

  it('keeps waiting as long as it is there to read, and hardly longer', async () => {
    const clock = new FakeClock();
    await using test = await TestServer.start({ clock });
    await using client = await test.client();
    await client.request('hello', 1);
    const held = gate();
    test.lease.gate = held.promise;
    test.lease.isWaiting = true;
    client.socket.end('{"id": 1, "request": "open"}\n');
    await test.lease.called(1);
    await turnsUntil(() => clock.pending > 0); // its end has come

    await clock.advance(60_000);
    assert.equal(test.lease.signal?.aborted, false);
    assert.match(client.rest, /^ +$/, 'white space before the reply, which means nothing');
    client.socket.destroy();
    for (let s = 0; s < 2; s++) await clock.advance(1000);

    await turnsUntil(() => test.lease.signal?.aborted === true);
    held.open();
    await test.lease.disposed();
  });

  for (const way of waysIn) {
    it(`gets FIN at once if it asked for nothing (it came ${way})`, async () => {
      await using test = await TestServer.reached(way);
      await using client = await test.client();
      client.socket.end();

      assert.equal(await client.end(), 'FIN');
    });
  }

  it('is `printf ... | nc -N`, where there is an nc', async function () {
    await using test = await TestServer.start();
    const output = await new Promise<string | undefined>((resolve) => {
      const nc = execFile('nc', ['-N', '127.0.0.1', String(test.server.port)], (error, stdout) =>
        resolve(error ? undefined : stdout),
      );
      nc.stdin?.on('error', () => undefined); // no nc
      nc.stdin?.end(read);
    });
    if (output === undefined) this.skip();

    assert.equal(output, '{"id": 1, "status": 0, "result": 197203063}\n');
  });
});

describe('a client that vanishes', () => {
  const ways: readonly (readonly [string, (client: TestClient) => void])[] = [
    ['by RST', (client) => client.socket.resetAndDestroy()],
    ['by close', (client) => client.socket.destroy()],
  ];
  for (const [how, vanish] of ways) {
    it(`${how} between requests has its lease disposed, once`, async () => {
      await using test = await TestServer.start();
      await using client = await test.client();
      await client.request('hello', 1);
      vanish(client);

      await test.lease.disposed();
      await test.server[Symbol.asyncDispose]();
      assert.equal(test.lease.disposals, 1);
    });
  }

  it('by RST during a request has that request aborted, the rest dropped, and its lease disposed after it', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    await client.request('hello', 1);
    const { lease } = test;
    const held = gate();
    lease.gate = held.promise;
    client.send(`{"id": 1, "request": "lock"}\n${read.repeat(10)}`);
    await lease.called(1);
    const aborted = new Promise((resolve) => lease.signal?.addEventListener('abort', resolve));
    client.socket.resetAndDestroy();
    await aborted;
    assert.equal(lease.disposals, 0);
    held.open();

    await lease.disposed();
    assert.deepEqual(lease.calls, [['lock']]);
    assert.deepEqual(test.crashes, []);
  });

  it('while it waits, and so much of it waits that it is not read from, is found within two seconds', async () => {
    const clock = new FakeClock();
    await using test = await TestServer.start({ clock, limits: { maxBacklogRequests: 2 } });
    await using client = await test.client();
    await client.request('hello', 1);
    const { lease } = test;
    const held = gate();
    lease.gate = held.promise;
    lease.isWaiting = true;
    client.send(read.repeat(10));
    await lease.called(1);
    await turnsUntil(() => clock.pending > 0); // it is looked after
    await clock.advance(60_000);
    assert.equal(lease.signal?.aborted, false);

    client.socket.destroy();
    for (let s = 0; s < 2; s++) await clock.advance(1000);

    await turnsUntil(() => lease.signal?.aborted === true);
    held.open();
    await lease.disposed();
    assert.equal(lease.calls.length, 1);
  });

  it('by RST in the middle of a line leaves the others served', async () => {
    await using test = await TestServer.start();
    await using other = await test.client();
    await other.request('hello', 1);
    await using client = await test.client();
    await client.request('hello', 1);
    client.send('{"id": 1, "requ');
    client.socket.resetAndDestroy();

    await test.lease.disposed();
    assert.equal((await other.request('read_dp', 0)).status, 0);
  });
});

describe('a server that ends', () => {
  it('answers what runs and what is pending with status 2, then resets', async () => {
    const clock = new FakeClock();
    const test = await TestServer.start({ clock });
    await using client = await test.client();
    await client.request('hello', 1);
    const held = gate();
    test.lease.gate = held.promise;
    client.send(read.repeat(3));
    await test.lease.called(1);
    const ended = test.server[Symbol.asyncDispose]();
    held.open();

    for (let i = 0; i < 3; i++) {
      const reply = await client.reply();
      assert.deepEqual(reply, { id: 1, status: 2, error: 'the server is shutting down' });
    }
    assert.equal(test.lease.calls.length, 1);
    assert.equal(test.lease.disposals, 0); // the client has not gone by itself
    await clock.advance(250);
    assert.equal(await client.end(), 'ECONNRESET');
    await ended;
    assert.equal(test.lease.disposals, 1);
  });

  it('resets a client that waits for nothing at once, never FIN', async () => {
    const test = await TestServer.start({ clock: new FakeClock() });
    await using client = await test.client();
    await client.request('hello', 1);
    await test.server[Symbol.asyncDispose]();

    assert.equal(await client.end(), 'ECONNRESET');
    await assert.rejects(TestClient.connect(test.server.port), /ECONNREFUSED/);
  });

  it('is not held up by a client that does not read', async () => {
    const clock = new FakeClock();
    const test = await TestServer.start({ clock });
    await using client = await test.client();
    await client.request('hello', 1);
    test.lease.words = new Uint32Array(65_535).fill(0xffffffff);
    client.socket.pause();
    client.send('{"id": 1, "request": "read_ap_multiple", "arguments": [12, 65535]}\n'.repeat(100));
    await test.lease.called(4);
    const ended = test.server[Symbol.asyncDispose]();
    await clock.advance(250);
    await clock.advance(250);

    await ended;
    assert.equal(test.lease.disposals, 1);
  });
});

describe('more clients than the limit', () => {
  it('are told so at their first request, and the rest is served', async () => {
    await using test = await TestServer.start({ limits: { maxClients: 1 } });
    await using first = await test.client();
    await first.request('hello', 1);
    await using second = await test.client();
    const refusal = await second.request('hello', 1);

    assert.deepEqual(refusal, { id: 0, status: 1, error: 'the probe has 1 clients already, which is the limit' });
    assert.equal((await first.request('open')).status, 0);
    assert.equal(test.leases.length, 1);
  });

  it('make room for each other: who was told longest ago is reset', async () => {
    await using test = await TestServer.start({ limits: { maxClients: 1 } });
    await using first = await test.client();
    await first.request('hello', 1);
    await using second = await test.client();
    await second.request('hello', 1);
    await using third = await test.client();

    assert.equal((await third.request('hello', 1)).status, 1);
    assert.equal(await second.end(), 'ECONNRESET');
    assert.equal((await first.request('hello', 1)).status, 0);
  });

  it('find a free place when a client has left', async () => {
    await using test = await TestServer.start({ limits: { maxClients: 1 } });
    await using first = await test.client();
    await first.request('hello', 1);
    first.socket.end();
    await first.end();
    await test.lease.disposed();
    await using second = await test.client();

    assert.equal((await second.request('hello', 1)).status, 0);
  });
});

describe('a defect of ours in a request', () => {
  it('is status 1 for that request and nobody else', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    await client.request('hello', 1);
    test.lease.failure = new TypeError('x is not a function');

    assert.deepEqual(await client.request('open'), { id: 1, status: 1, error: 'internal error: x is not a function' });
    assert.equal((await client.request('hello', 1)).status, 0);
    assert.deepEqual(test.crashes, []);
  });

  it('that an assertion found ends the process', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    await client.request('hello', 1);
    const failure = new AssertionError({ message: 'the queue is not empty' });
    test.lease.failure = failure;
    await client.request('open');

    assert.deepEqual(test.crashes, [failure]);
  });
});

describe('listening', () => {
  it('is on both loopback addresses at one port, where there is IPv6', async function () {
    await using test = await TestServer.start({ hosts: ['127.0.0.1', '::1'] });
    await using v4 = await test.client('127.0.0.1');
    assert.equal((await v4.request('hello', 1)).status, 0);
    assert.match(test.lease.client.address, /^127\.0\.0\.1:\d+$/);
    try {
      await using v6 = await test.client('::1');
      assert.equal((await v6.request('hello', 1)).status, 0);
      assert.match(test.lease.client.address, /^\[::1\]:\d+$/);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL') this.skip();
      throw error;
    }
  });

  it('on a port in use is an error that names host and port', async () => {
    await using test = await TestServer.start();
    const { port } = test.server;

    await assert.rejects(TestServer.start({ port }), (error) => {
      assert(error instanceof ListenError);
      assert.equal(error.kind, 'busy');
      assert.match(
        error.message,
        new RegExp(`^cannot listen on 127.0.0.1 port ${port}: another program uses the port`),
      );
      return true;
    });
  });

  it('on an address that is not ours is an error, and leaves nothing listening', async () => {
    await assert.rejects(TestServer.start({ hosts: ['127.0.0.1', '192.0.2.1'] }), /cannot listen on 192\.0\.2\.1/); // RFC 5737
  });

  it('may be ended twice', async () => {
    const test = await TestServer.start();
    await test.server[Symbol.asyncDispose]();
    await test.server[Symbol.asyncDispose]();

    assert.ok(test.server instanceof ProbeServer);
  });
});
