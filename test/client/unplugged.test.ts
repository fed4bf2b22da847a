// The helper in front of a whole daemon, whose probe comes and goes.

import assert from 'node:assert/strict';
import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { connectProbe } from '../../src/client/probe-client.js';
import { ProbeGoneError, RefusedError, WireFaultError } from '../../src/client/errors.js';
import { TestClient } from '../support/test-client.js';
import { startWorld, type World } from '../support/world.js';
import { ScriptedProbe } from './scripted-probe.js';

const DP_SELECT = 8;
const DP_ABORT = 0;
const DP_CTRL_STAT = 4;
const CSW = 0;
const TAR = 4;
const DRW = 0xc;
/** Where the simulated board has nothing. */
const NOWHERE = 0x90000000;
const RAM = 0x20000000;

async function portOf(world: World, uid: string): Promise<number> {
  if (!world.status(uid)?.addresses.length) await world.event('served', uid);
  return world.status(uid)?.port ?? 0;
}

/** Opens, connects and powers up, with word accesses set up. */
const attach = [
  ['open'],
  ['connect', 'SWD'],
  ['swj_sequence', 51, 0x7ffffffffffff],
  ['swj_sequence', 16, 0xe79e],
  ['swj_sequence', 51, 0x7ffffffffffff],
  ['swj_sequence', 8, 0],
  ['read_dp', 0],
  ['write_dp', DP_ABORT, 0x1e],
  ['write_dp', DP_CTRL_STAT, 0x50000000],
  ['write_dp', DP_SELECT, 0],
  ['write_ap', CSW, 0x23000052],
] as const;

describe('the pipelining helper in front of a daemon', () => {
  it('lets a client go on after its probe was unplugged and plugged in again', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    const endpoint = tcpEndpoint({ host: '127.0.0.1', port: await portOf(world, 'A1') });
    await using helper = await Accelerator.listen({ endpoint });
    await using client = await TestClient.connect(helper.port);
    for (const [name, ...args] of attach) await client.result(name, ...args);

    world.unplug(probe);

    assert.equal((await client.request('read_dp', 0)).status, 2);
    assert.equal((await client.request('open')).status, 2);
    world.plug(probe);
    await world.event('attached', 'A1');
    for (const [name, ...args] of attach) await client.result(name, ...args);
  });

  it('tells a faulting write with the next request, and works on when the client has cleared it', async () => {
    await using world = await startWorld();
    world.plug({ uid: 'A1' });
    const endpoint = tcpEndpoint({ host: '127.0.0.1', port: await portOf(world, 'A1') });
    await using helper = await Accelerator.listen({ endpoint });
    await using client = await TestClient.connect(helper.port);
    for (const [name, ...args] of attach) await client.result(name, ...args);

    await client.result('write_ap', TAR, NOWHERE);
    await client.result('write_ap', DRW, 1);
    const flushed = await client.request('read_dp', 0);

    assert.equal(flushed.status, 12);
    assert.match(String(flushed.error), /FAULT \(AP 0x0000000c\)/); // the write, which the daemon has posted, too
    await client.result('write_dp', DP_ABORT, 0x1e);
    await client.result('write_ap', TAR, RAM);
    await client.result('write_ap', DRW, 0x12345678);
    await client.result('write_ap', TAR, RAM);
    assert.equal(await client.result('read_ap', DRW), 0x12345678);
  });

  it('serves twenty clients at once, each with what it wrote itself', async () => {
    await using world = await startWorld();
    for (let i = 0; i < 20; i++) world.plug({ uid: `P${i}` });

    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const endpoint = tcpEndpoint({ host: '127.0.0.1', port: await portOf(world, `P${i}`) });
        await using helper = await Accelerator.listen({ endpoint });
        await using client = await TestClient.connect(helper.port);
        for (const [name, ...args] of attach) await client.result(name, ...args);
        for (let word = 0; word < 20; word++) {
          await client.result('lock');
          await client.result('write_ap', TAR, RAM);
          await client.result('write_ap', DRW, i * 1000 + word);
          await client.result('write_ap', TAR, RAM);
          assert.equal(await client.result('read_ap', DRW), i * 1000 + word);
          await client.result('unlock');
        }
      }),
    );
  });
});

describe('a client in TypeScript', () => {
  it('sends ahead, gets results by name, and errors as classes', async () => {
    await using world = await startWorld();
    const sim = world.plug({ uid: 'A1' });
    await using probe = await connectProbe({ host: '127.0.0.1', port: await portOf(world, 'A1') });
    await probe.request('open');
    await probe.request('connect', 'SWD');
    for (const [length, bits] of [
      [51, 2n ** 56n - 1n],
      [16, 0xe79e],
      [51, 2n ** 56n - 1n],
      [8, 0],
    ] as const) {
      await probe.request('swj_sequence', length, bits);
    }
    assert.equal(await probe.request('read_dp', 0), 0x0bc11477);
    await probe.request('write_dp', DP_CTRL_STAT, 0x50000000);
    await probe.request('write_dp', DP_SELECT, 0);
    await probe.request('write_ap', CSW, 0x23000052);

    const [, , , word] = await Promise.all([
      probe.request('write_ap', TAR, RAM),
      probe.request('write_ap', DRW, 77),
      probe.request('write_ap', TAR, RAM),
      probe.request('read_ap', DRW),
    ]);

    assert.equal(word, 77);
    await probe.request('write_ap', TAR, NOWHERE);
    await assert.rejects(probe.request('read_ap', DRW), WireFaultError);
    await assert.rejects(probe.request('readprop', 'session'), RefusedError);
    assert.deepEqual(await probe.request('readprop', 'wire_protocol'), 'SWD');
    world.unplug(sim);
    await assert.rejects(probe.request('read_dp', 0), ProbeGoneError);
  });

  it('learns that the connection is lost, and gets another one', async () => {
    await using world = await startWorld();
    world.plug({ uid: 'A1' });
    await using probe = await connectProbe({ host: '127.0.0.1', port: await portOf(world, 'A1') });
    const lost = new Promise((resolve) => probe.lost.addEventListener('abort', resolve));

    await world.daemon.kick('A1', {}, undefined);
    await lost;

    await assert.rejects(probe.request('open'), /the connection to 127\.0\.0\.1:\d+ is lost/);
    await probe.reconnect();
    await probe.request('open');
  });

  it('stops waiting for a server that says nothing when its caller has enough', async () => {
    const patience = new AbortController();
    const silent = new ScriptedProbe();
    const connecting = connectProbe({ endpoint: silent, signal: patience.signal });
    await silent.received(1);

    patience.abort(new Error('enough'));

    await assert.rejects(connecting, /^Error: enough$/);
    await silent.closed();
  });

  it('stops getting another connection in the same way', async () => {
    const patience = new AbortController();
    const greeted = new ScriptedProbe(({ id }) => JSON.stringify({ id, status: 0 }));
    const silent = new ScriptedProbe();
    const ways = [greeted, silent];
    const endpoint = { name: 'lab', open: async () => (ways.shift() ?? silent).open() };
    const connecting = connectProbe({ endpoint });
    await greeted.received(1);
    greeted.deliver();
    const probe = await connecting;

    const again = probe.reconnect(patience.signal);
    await silent.received(1);
    patience.abort(new Error('enough'));

    await assert.rejects(again, /^Error: enough$/);
    await silent.closed();
  });
});
