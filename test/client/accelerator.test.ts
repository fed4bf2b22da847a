import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Accelerator, type AcceleratorOptions } from '../../src/client/accelerator.js';
import { Disposer } from '../../src/base/disposer.js';
import { FakeClock } from '../support/fake-clock.js';
import { TestClient } from '../support/test-client.js';
import { ScriptedProbe } from './scripted-probe.js';

const SELECT = 8;
const DRW = 0xc;
const FAULT = 12;

/** A client behind the helper, and the probe in front of it. */
async function start(options: Partial<AcceleratorOptions> = {}, probe = new ScriptedProbe()) {
  const disposer = new Disposer();
  const helper = disposer.use(await Accelerator.listen({ endpoint: probe, ...options }));
  const client = disposer.use(await TestClient.connect(helper.port));
  return { probe, helper, client, [Symbol.asyncDispose]: () => disposer[Symbol.asyncDispose]() };
}

describe('the pipelining helper', () => {
  it('answers what has no result at once, and sends it on in order', async () => {
    await using world = await start();
    const { client, probe } = world;

    assert.deepEqual(await client.request('lock'), { id: 0, status: 0 });
    await client.result('write_dp', SELECT, 0);
    await client.result('write_ap', DRW, 1);
    await client.result('write_ap_multiple', DRW, [1, 2]);
    await client.result('swj_sequence', 8, 0xff);
    await client.result('flush');
    await client.result('unlock');

    await probe.received(7);
    const expected = ['lock', 'write_dp', 'write_ap', 'write_ap_multiple', 'swj_sequence', 'flush', 'unlock'];
    assert.deepEqual(probe.names, expected);
  });

  it('sends lines as they came, with integers that no double holds', async () => {
    await using world = await start();
    const line = '{"id": "a", "request": "swj_sequence", "arguments": [51, 72057594037927935], "more": 1}';

    assert.equal(await world.client.line(line), '{"id": "a", "status": 0}');

    await world.probe.received(1);
    assert.deepEqual(world.probe.lines, [line]);
  });

  it('lets a read wait for its result, behind everything that was sent before', async () => {
    await using world = await start();
    await world.client.result('write_ap', DRW, 1);
    const read = world.client.request('read_ap', DRW);
    await world.probe.received(2);

    world.probe.reply();
    world.probe.reply(0, { result: 5 });

    assert.deepEqual(await read, { id: 1, status: 0, result: 5 });
  });

  it('tells the error of a write with the next request, which is sent all the same', async () => {
    await using world = await start();
    await world.client.result('write_ap', DRW, 1);
    const read = world.client.request('read_ap', DRW);
    await world.probe.received(2);

    world.probe.reply(FAULT, { error: 'FAULT ACK' });
    world.probe.reply(0, { result: 5 });

    assert.deepEqual(await read, { id: 1, status: FAULT, error: 'from an earlier write_ap: FAULT ACK' });
    const again = world.client.request('read_ap', DRW);
    await world.probe.received(3);
    world.probe.reply(0, { result: 6 });
    assert.deepEqual(await again, { id: 2, status: 0, result: 6 }, 'and tells it once');
  });

  it('tells the first of several errors: the others may be its consequence', async () => {
    await using world = await start();
    await world.client.result('write_ap', DRW, 1);
    await world.client.result('write_dp', SELECT, 1);
    const read = world.client.request('read_ap', DRW);
    await world.probe.received(3);

    world.probe.reply(10, { error: 'no ACK' });
    world.probe.reply(FAULT, { error: 'FAULT ACK' });
    world.probe.reply(FAULT, { error: 'FAULT ACK' });

    assert.deepEqual(await read, { id: 2, status: 10, error: 'from an earlier write_ap: no ACK' });
  });

  it('never tells an error with lock or unlock', async () => {
    await using world = await start();
    await world.client.result('write_ap', DRW, 1);
    await world.probe.received(1);
    world.probe.reply(FAULT, { error: 'FAULT ACK' });
    await setImmediate();

    assert.deepEqual(await world.client.request('lock'), { id: 1, status: 0 });
    assert.deepEqual(await world.client.request('unlock'), { id: 2, status: 0 });
    const write = world.client.request('write_ap', DRW, 1);
    await world.probe.received(4);
    for (let i = 0; i < 3; i++) world.probe.reply();

    assert.deepEqual(await write, { id: 3, status: FAULT, error: 'from an earlier write_ap: FAULT ACK' });
  });

  it('lets a flush wait after a write that can reset the target: its time to start counts from there', async () => {
    await using world = await start();
    await world.client.result('flush');
    await world.client.result('write_ap', DRW, 0x05fa0004);
    const flush = world.client.request('flush');
    await world.probe.received(3);

    for (let i = 0; i < 3; i++) world.probe.reply();

    assert.deepEqual(await flush, { id: 2, status: 0 });
    assert.deepEqual(await world.client.request('flush'), { id: 3, status: 0 });
  });

  it('leaves what cannot be right to the server, which says so at once', async () => {
    await using world = await start();
    const wrong = world.client.request('write_dp', 3, 0);
    await world.probe.received(1);

    world.probe.reply(1, { error: 'write_dp: address' });

    assert.equal((await wrong).status, 1);
    const unknown = world.client.request('no_such_request');
    await world.probe.received(2);
    world.probe.reply(1, { error: 'unknown request type' });
    assert.equal((await unknown).status, 1);
  });

  it('keeps replies in order for a client that does not wait for them', async () => {
    await using world = await start();
    const answers = [world.client.request('read_dp', 0), world.client.request('write_dp', SELECT, 0)];
    await world.probe.received(2);

    world.probe.reply(0, { result: 1 });
    world.probe.reply();

    assert.deepEqual(await Promise.all(answers), [
      { id: 0, status: 0, result: 1 },
      { id: 1, status: 0 },
    ]);
  });
});

describe('a client of the pipelining helper that sends faster than the server reads', () => {
  const LINES = 20;
  const words = JSON.stringify(Array<number>(16_384).fill(0xffff_ffff));
  const line = `{"id": 1, "request": "write_ap_multiple", "arguments": [${DRW}, ${words}]}\n`;

  it('is not read from until what it has sent has left', async () => {
    const inManyTurns = (done: () => void): void => {
      const turn = (left: number): unknown => (left === 0 ? done() : setImmediate().then(() => turn(left - 1)));
      turn(20);
    };
    await using world = await start({}, new ScriptedProbe(undefined, inManyTurns));

    world.client.send(line.repeat(LINES));

    await world.probe.received(LINES);
    assert.ok(world.probe.mostUnsent < 2 * 1024 * 1024, `${world.probe.mostUnsent} bytes`);
  });

  it('is told when the server dies meanwhile', async () => {
    const never = (): void => undefined;
    await using world = await start({}, new ScriptedProbe(undefined, never));
    world.client.send(line.repeat(LINES));
    await world.probe.received(1);

    world.probe.die();

    let { status } = await world.client.reply();
    while (status === 0) ({ status } = await world.client.reply());
    assert.equal(status, 2);
    assert.equal(await world.client.end(), 'ECONNRESET');
  });
});

describe('a property behind the pipelining helper', () => {
  it('is asked for once, until the probe is opened anew', async () => {
    await using world = await start();
    const { client, probe } = world;
    const first = client.request('readprop', 'capabilities');
    await probe.received(1);
    probe.reply(0, { result: ['SWO'] });
    assert.deepEqual((await first).result, ['SWO']);

    assert.deepEqual(await client.request('readprop', 'capabilities'), { id: 1, status: 0, result: ['SWO'] });
    assert.equal(probe.lines.length, 1);

    const open = client.request('open');
    await probe.received(5); // and the three properties that stock clients ask for next
    probe.reply();
    await open;
    probe.reply(0, { result: ['SWJ_SEQUENCE'] });
    assert.deepEqual((await client.request('readprop', 'capabilities')).result, ['SWJ_SEQUENCE']);
  });

  it('that another client can change is asked for again after anything that waited', async () => {
    await using world = await start();
    const { client, probe } = world;
    const first = client.request('readprop', 'wire_protocol');
    await probe.received(1);
    probe.reply(0, { result: 'SWD' });
    await first;
    await client.result('write_dp', SELECT, 0);
    assert.equal(await client.result('readprop', 'wire_protocol'), 'SWD');
    const read = client.request('read_dp', 0);
    await probe.received(3);
    probe.reply();
    probe.reply(0, { result: 1 });
    await read;

    const again = client.request('readprop', 'wire_protocol');
    await probe.received(4);
    probe.reply();

    assert.deepEqual(await again, { id: 4, status: 0 });
  });

  it('is told to nobody who has an error to hear first', async () => {
    await using world = await start();
    const { client, probe } = world;
    const first = client.request('readprop', 'capabilities');
    await probe.received(1);
    probe.reply(0, { result: [] });
    await first;
    await client.result('write_ap', DRW, 1);
    const read = client.request('read_ap', DRW);
    await probe.received(3);
    probe.reply(FAULT, { error: 'FAULT ACK' });
    probe.reply(FAULT, { error: 'FAULT ACK' });
    assert.equal((await read).status, FAULT);

    const again = client.request('readprop', 'capabilities');
    await probe.received(4);
    probe.reply(0, { result: ['SWO'] });

    assert.deepEqual((await again).result, ['SWO']);
  });
});

describe('the pipelining helper, when a connection ends', () => {
  it('answers what waits with status 2 when the server dies, and then resets the client', async () => {
    const clock = new FakeClock();
    await using world = await start({ clock });
    const read = world.client.request('read_dp', 0);
    await world.probe.received(1);

    world.probe.die();

    const reply = await read;
    assert.equal(reply.status, 2);
    assert.match(String(reply.error), /^the connection to scripted is lost: it broke: connection reset$/);
    const reset = once(world.client.socket, 'error');
    await clock.advance(250);
    assert.match(String(((await reset) as Error[])[0]), /ECONNRESET/);
  });

  it('answers with status 2 when the server cannot be reached', async () => {
    const probe = new ScriptedProbe();
    const endpoint = { name: 'lab:5555', open: () => Promise.reject(new Error('connect ECONNREFUSED')) };
    await using helper = await Accelerator.listen({ endpoint });
    await using client = await TestClient.connect(helper.port);

    const { status, error } = await client.request('hello', 1);

    assert.deepEqual([status, error], [2, 'cannot reach lab:5555: connect ECONNREFUSED']);
    assert.equal(probe.lines.length, 0);
  });

  it('hands on everything it has answered before the client left', async () => {
    await using world = await start();
    const { client, probe } = world;
    await client.result('write_ap', DRW, 1);
    await client.result('write_ap', DRW, 2);
    client.socket.resetAndDestroy();

    await probe.finished();

    assert.deepEqual(probe.names, ['write_ap', 'write_ap']);
  });

  it('leaves no timer behind of a client that dies while it waits', async () => {
    const clock = new FakeClock();
    await using world = await start({ clock });
    const { client, helper, probe } = world;
    client.request('read_dp', 0).catch(() => undefined); // nobody is there for the answer
    await probe.received(1);

    client.socket.resetAndDestroy();

    while (helper.clients > 0) await setImmediate();
    assert.equal(clock.pending, 0);
  });

  it('answers a client that only half closed', async () => {
    await using world = await start();
    const socket = connect({ port: world.helper.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end('{"id": 1, "request": "lock"}\n{"id": 2, "request": "unlock"}');

    let text = '';
    for await (const chunk of socket) text += String(chunk);

    assert.equal(text, '{"id": 1, "status": 0}\n{"id": 2, "status": 0}\n');
  });

  it('resets clients that are there when it ends, with what they wait for answered', async () => {
    await using world = await start();
    const read = world.client.request('read_dp', 0);
    await world.probe.received(1);

    const ended = world.helper[Symbol.asyncDispose]();

    assert.deepEqual(await read, { id: 0, status: 2, error: 'the forwarding was ended' });
    world.probe.die();
    await ended;
  });
});

describe('a stranger at the port of the pipelining helper', () => {
  for (const [what, bytes] of [
    [
      'a web page',
      'POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{"id": 0, "request": "write_ap", "arguments": [12, 1]}\n',
    ],
    ['a TLS client', '\x16\x03\x01{"id": 0, "request": "write_ap", "arguments": [12, 1]}\n'],
  ] as const) {
    it(`reaches no probe: ${what}`, async () => {
      await using world = await start();
      const socket = connect({ port: world.helper.port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.write(bytes, 'latin1');

      await new Promise((resolve) => socket.once('close', resolve));

      assert.deepEqual(world.probe.lines, []);
    });
  }
});
