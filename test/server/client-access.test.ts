import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import type { AccessVerdict, ClientAccess } from '../../src/server/client-access.js';
import { TestServer } from './test-server.js';

/** An access check that answers when the test says so. */
class SlowAccess implements ClientAccess {
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
    await using test = await TestServer.start({ access: { check } });
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
      access: { check: async () => ({ principal: 'user:eve', refusal: new RequestError('not for eve') }) },
      onRefused: ({ principal }, reason) => refused.push(`${principal}: ${reason}`),
    });
    await using client = await test.client();

    assert.deepEqual(await client.request('hello', 1), { id: 0, status: 1, error: 'not for eve' });
    assert.deepEqual(await client.request('open'), { id: 1, status: 1, error: 'not for eve' });
    assert.deepEqual([test.leases.length, refused], [0, ['user:eve: not for eve']]);
  });

  it('is reset where its access cannot be told at all', async () => {
    await using test = await TestServer.start({ access: { check: async () => Promise.reject(new Error('a defect')) } });

    assert.equal(await endOfClient(test), 'ECONNRESET');
  });
});
