// Replies that a server with Nagle's algorithm holds back, as `pyocd server` does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { Disposer } from '../../src/base/disposer.js';
import { FakeClock } from '../support/fake-clock.js';
import { TestClient } from '../support/test-client.js';
import { ScriptedProbe } from './scripted-probe.js';

const DRW = 0xc;

async function start() {
  const probe = new ScriptedProbe();
  const clock = new FakeClock();
  const disposer = new Disposer();
  const helper = disposer.use(await Accelerator.listen({ endpoint: probe, clock, prods: true }));
  const client = disposer.use(await TestClient.connect(helper.port));
  return { probe, clock, client, [Symbol.asyncDispose]: () => disposer[Symbol.asyncDispose]() };
}

describe('a server that may hold replies back', () => {
  it('is prodded while a read waits behind writes: first with what fills a segment, and not for ever', async () => {
    await using world = await start();
    const { probe, clock, client } = world;
    await client.result('write_ap', DRW, 1);
    const read = client.result('read_ap', DRW);
    await probe.received(2);

    for (let ms = 0; ms < 100; ms++) await clock.advance(1);
    await probe.received(8);

    assert.deepEqual(probe.names, ['write_ap', 'read_ap', ...Array<string>(6).fill('hello')]);
    const lengths = probe.asked.slice(2).map(({ id }) => String(id).length);
    assert.deepEqual(lengths, [1460, 1, 1, 1, 1, 1]); // the payload of a segment: 1500 less 20 of IP and 20 of TCP
    for (const result of [undefined, 7]) probe.reply(0, { result });
    lengths.forEach(() => probe.reply());
    assert.equal(await read, 7);
    assert.deepEqual(await client.request('flush'), { id: 2, status: 0 }, 'replies to prods are for nobody');
  });

  it('is left alone once it has answered, and by a read that has nothing before it', async () => {
    await using world = await start();
    const { probe, clock, client } = world;
    await client.result('write_ap', DRW, 1);
    const first = client.result('read_ap', DRW);
    await probe.received(2);
    for (const result of [undefined, 7]) probe.reply(0, { result });
    await first;

    await clock.advance(1000);
    const second = client.result('read_ap', DRW);
    await probe.received(3);
    await clock.advance(1000);

    assert.deepEqual(probe.names, ['write_ap', 'read_ap', 'read_ap']);
    probe.reply(0, { result: 8 });
    assert.equal(await second, 8);
  });

  it('is sent what fills a segment right behind a read, once it is known to be far', async () => {
    await using world = await start();
    const { probe, clock, client } = world;
    const readAfter = async (ms: number): Promise<void> => {
      const sent = probe.lines.length;
      await client.result('write_ap', DRW, 1);
      const read = client.result('read_ap', DRW);
      await probe.received(sent + 2);
      await clock.advance(ms);
      for (let due = probe.lines.length - sent; due > 0; due--) probe.reply(0, { result: 7 });
      await read;
    };
    await readAfter(1);
    assert.deepEqual(probe.names, ['write_ap', 'read_ap', 'hello']);

    await readAfter(0);
    await readAfter(0);

    const near = ['write_ap', 'read_ap'];
    assert.deepEqual(probe.names.slice(3), [...near, 'hello', ...near], 'and near again, if it answers at once');
  });

  it('answers through a forwarder, without the 40 ms that this waits before it acknowledges', async function () {
    this.timeout(60_000);
    await using disposer = new Disposer();
    const server = await listening(disposer, createServer(answerWithNagle));
    const forwarder = await listening(
      disposer,
      createServer({ noDelay: true }, (client) => forward(client, server)),
    );
    const timeOf = async (prods: boolean): Promise<number> => {
      const endpoint = tcpEndpoint({ host: '127.0.0.1', port: forwarder });
      await using helper = await Accelerator.listen({ endpoint, prods });
      await using client = await TestClient.connect(helper.port);
      const startedAt = performance.now();
      for (let burst = 0; burst < 20; burst++) {
        for (let i = 0; i < 4; i++) await client.result('write_ap', DRW, i);
        assert.equal(await client.result('read_ap', DRW), 7);
      }
      return performance.now() - startedAt;
    };

    const [without, prodded] = [await timeOf(false), await timeOf(true)];

    assert(prodded < without / 2, `${prodded} ms, ${without} ms without`);
  });
});

async function listening(disposer: Disposer, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  disposer.use({ [Symbol.dispose]: () => server.close() });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** A reply for each line, each by a write of its own, as `pyocd server` does: Node, too, has Nagle's algorithm on. */
function answerWithNagle(client: Socket): void {
  let part = '';
  client
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      const lines = (part + chunk.toString()).split('\n');
      part = lines.pop() ?? '';
      for (const line of lines) {
        const { id, request } = JSON.parse(line) as { readonly id: unknown; readonly request: string };
        client.write(`${JSON.stringify({ id, status: 0, ...(request === 'read_ap' && { result: 7 }) })}\n`);
      }
    });
}

/** As `ssh -L` does, over a network with a round trip of 10 ms. */
function forward(client: Socket, port: number): void {
  const server = connect({ host: '127.0.0.1', port, noDelay: true });
  for (const [from, to] of [
    [client, server],
    [server, client],
  ]) {
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
    from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), 5));
  }
}
