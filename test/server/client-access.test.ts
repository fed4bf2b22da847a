import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import type { AccessVerdict, ClientAccess, Screening } from '../../src/server/client-access.js';
import { openToAll, TestServer } from './test-server.js';

/** An access check that answers when the test says so. */
class SlowAccess implements ClientAccess {
  readonly screen = (): Screening => ({ from: 'this-machine' });
  readonly #asked: ((verdict: AccessVerdict) => void)[] = [];
  #onAsked = (): void => undefined;

  check(): Promise<AccessVerdict> {
    return new Promise((resolve) => {
      this.#asked.push(resolve);
      this.#onAsked();
    });
  }

  async asked(count: number): Promise<void> {
    while (this.#asked.length < count) await new Promise<void>((resolve) => (this.#onAsked = resolve));
  }

  answer(verdict: AccessVerdict): void {
    for (const resolve of this.#asked.splice(0)) resolve(verdict);
  }
}

/** How a new connection ends, be it before the client has noticed that there is one. */
async function endOfClient(test: TestServer): Promise<unknown> {
  try {
    await using client = await test.client();
    return await client.end();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

describe('a client that is looked up', () => {
  it('loses nothing of what it has sent meanwhile, and its lease knows who it is', async () => {
    const access = new SlowAccess();
    await using test = await TestServer.start({ access });
    await using client = await test.client();
    client.send('{"id": 1, "request": "hello", "arguments": [1]}\n{"id": 2, "request": "read_dp", "arguments": [0]}\n');
    client.socket.end();
    await access.asked(1);

    access.answer({ principal: 'user:ada' });

    assert.equal((await client.reply()).id, 1);
    assert.equal((await client.reply()).id, 2);
    assert.equal(test.lease.client.principal, 'user:ada');
    assert.equal(await client.end(), 'FIN');
  });

  it('does not hold up one that comes after it', async () => {
    const access = new SlowAccess();
    let first = true;
    const check = (): Promise<AccessVerdict> => {
      if (!first) return Promise.resolve({ principal: 'user:bob' });
      first = false;
      return access.check();
    };
    await using test = await TestServer.start({ access: { ...openToAll, check } });
    await using slow = await test.client();
    await access.asked(1);
    await using quick = await test.client();

    assert.equal((await quick.request('hello', 1)).status, 0);
    access.answer({ principal: 'user:ada' });
    assert.equal((await slow.request('hello', 1)).status, 0);
  });

  it('may be gone by then: there is no lease for it', async () => {
    const access = new SlowAccess();
    await using test = await TestServer.start({ access });
    await using client = await test.client();
    await access.asked(1);
    client.socket.resetAndDestroy();
    await using other = await test.client();
    await access.asked(2);

    access.answer({ principal: 'user:ada' });

    assert.equal((await other.request('hello', 1)).status, 0);
    assert.deepEqual([test.leases.length, test.server.clientCount], [1, 1]);
  });

  it('is reset when the server ends', async () => {
    const access = new SlowAccess();
    const test = await TestServer.start({ access });
    await using client = await test.client();
    await access.asked(1);

    await test[Symbol.asyncDispose]();
    access.answer({ principal: 'user:ada' });

    assert.equal(await client.end(), 'ECONNRESET');
    assert.equal(test.leases.length, 0);
  });

  it('counts against the limit of clients', async () => {
    const access = new SlowAccess();
    await using test = await TestServer.start({ access, limits: { maxClients: 1 } });
    await using first = await test.client();
    await using second = await test.client();
    await access.asked(2);

    assert.equal(await endOfClient(test), 'ECONNRESET');
    access.answer({ principal: 'user:ada' });
    assert.deepEqual([(await first.request('hello', 1)).status, (await second.request('hello', 1)).status], [0, 1]);
  });
});

describe('a client that is not let in', () => {
  it('is told why at its first request, with status 1, and gets no lease', async () => {
    const refused: string[] = [];
    await using test = await TestServer.start({
      access: {
        ...openToAll,
        check: async () => ({ principal: 'user:eve', refusal: new RequestError('not for eve') }),
      },
      onRefused: ({ principal }, reason) => refused.push(`${principal}: ${reason}`),
    });
    await using client = await test.client();

    assert.deepEqual(await client.request('hello', 1), { id: 0, status: 1, error: 'not for eve' });
    assert.deepEqual(await client.request('open'), { id: 1, status: 1, error: 'not for eve' });
    assert.deepEqual([test.leases.length, refused], [0, ['user:eve: not for eve']]);
  });

  it('is reset where its access cannot be told at all', async () => {
    await using test = await TestServer.start({
      access: { ...openToAll, check: async () => Promise.reject(new Error('a defect')) },
    });

    assert.equal(await endOfClient(test), 'ECONNRESET');
  });
});

/** Who comes from loopback is a stranger, or from another machine: a test has no other address. */
function accessFrom(screening: Screening): ClientAccess {
  return { ...openToAll, screen: () => screening };
}

const refusal = new RequestError('not for 192.0.2.9');

describe('a stranger', () => {
  it('is reset without a byte, whatever it has sent, and takes nobody’s place', async () => {
    const turnedAway: string[] = [];
    let screening: Screening = { from: 'stranger', refusal, isTold: false };
    await using test = await TestServer.start({
      access: { ...openToAll, screen: () => screening },
      limits: { maxClients: 1 },
      onTurnedAway: ({ address }, reason) => turnedAway.push(`${address}: ${reason}`),
    });
    for (let i = 0; i < 5; i++) assert.equal(await endOfClient(test), 'ECONNRESET');
    screening = { from: 'other-machine' };
    await using client = await test.client();

    assert.equal((await client.request('hello', 1)).status, 0);
    assert.deepEqual(turnedAway, Array(5).fill('127.0.0.1: not for 192.0.2.9'));
    assert.equal(test.leases.length, 1);
  });

  it('is told why where the policy is polite, may not send much, and holds up nobody', async () => {
    let screening: Screening = { from: 'stranger', refusal, isTold: true };
    await using test = await TestServer.start({
      access: { ...openToAll, screen: () => screening },
      limits: { maxClients: 2 },
    });
    const strangers = [await test.client(), await test.client(), await test.client()];
    const [first, second, third] = strangers;
    assert.equal(await first.end(), 'ECONNRESET');
    assert.deepEqual(await second.request('open'), { id: 0, status: 1, error: 'not for 192.0.2.9' });
    third.send('x'.repeat(5000));
    assert.equal(await third.end(), 'ECONNRESET');

    screening = { from: 'other-machine' };
    await using client = await test.client();
    assert.equal((await client.request('hello', 1)).status, 0);
    for (const stranger of strangers) await stranger[Symbol.asyncDispose]();
  });
});

describe('the clients of one other machine', () => {
  const limits = { maxClients: 3, maxClientsPerAddress: 2 };

  it('are told when there are as many as one address may have', async () => {
    await using test = await TestServer.start({ access: accessFrom({ from: 'other-machine' }), limits });
    const clients = [await test.client(), await test.client(), await test.client()];

    const replies = [];
    for (const client of clients) replies.push(await client.request('hello', 1));

    const error = 'the probe has 2 clients from 127.0.0.1 already, which is the limit for one address';
    assert.deepEqual(
      replies.map(({ status }) => status),
      [0, 0, 1],
    );
    assert.equal(replies[2].error, error);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it('are not counted where it is this machine', async () => {
    await using test = await TestServer.start({ access: openToAll, limits });
    const clients = [await test.client(), await test.client(), await test.client()];

    for (const client of clients) assert.equal((await client.request('hello', 1)).status, 0);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});

describe('a change of the rules', () => {
  it('drops the clients that may not be here any more, and leaves the others', async () => {
    const dropped: string[] = [];
    const forbidden = new Set<number | undefined>();
    await using test = await TestServer.start({
      access: {
        ...openToAll,
        screen: ({ port }) =>
          forbidden.has(port) ? { from: 'stranger', refusal, isTold: false } : { from: 'other-machine' },
      },
      onDropped: ({ id }, reason) => dropped.push(`${id}: ${reason}`),
    });
    await using staying = await test.client();
    await staying.request('hello', 1);
    await using leaving = await test.client();
    await leaving.request('hello', 1);

    forbidden.add(leaving.socket.localPort);
    await test.server.review();

    assert.equal(await leaving.end(), 'ECONNRESET');
    assert.equal((await staying.request('hello', 1)).status, 0);
    assert.deepEqual(dropped, ['2: not for 192.0.2.9']);
  });

  it('holds for a local user by name, and for one that was being looked up meanwhile', async () => {
    const access = new SlowAccess();
    await using test = await TestServer.start({ access });
    await using client = await test.client();
    await access.asked(1);

    const reviewed = test.server.review(); // by the old rules, the answer is yes
    access.answer({ principal: 'user:ada' });
    await access.asked(1);
    access.answer({ principal: 'user:ada', refusal: new RequestError('not for ada') });
    await reviewed;

    assert.equal(await client.end(), 'ECONNRESET');
    await test.lease.disposed();
  });
});
