import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemClock } from '../../src/base/clock.js';
import { DP } from '../../src/dap/registers.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import type { SimProbe } from '../../src/sim/sim-probe.js';
import { FakeClock } from '../support/fake-clock.js';
import { inertDevice } from '../support/inert-device.js';
import { runClock } from '../support/run-clock.js';
import { TestClient } from '../support/test-client.js';
import { startWorld } from '../support/world.js';
import { MemoryFiles } from './memory-files.js';

/** DPIDR of the simulated board: docs/simulated-board.md. */
const DPIDR = 0x0bc11477;
const ones = 2 ** 51 - 1;

/** Opens, connects, switches the target to SWD (IHI 0031 B5.2.1) and reads DPIDR. */
async function useProbe(client: TestClient): Promise<unknown> {
  await client.result('open');
  await client.result('connect', 'SWD');
  for (const [length, bits] of [
    [51, ones],
    [16, 0xe79e],
    [51, ones],
    [8, 0],
  ])
    await client.result('swj_sequence', length, bits);
  return client.result('read_dp', DP.DPIDR);
}

describe('a probe that is plugged in', () => {
  it('is served on a port of its own', async () => {
    await using world = await startWorld();

    world.plug({ uid: 'A1' });
    const client = await world.client('A1');

    assert.equal(await useProbe(client), DPIDR);
    assert.equal(world.status('A1')?.state, 'in-use');
    assert.equal(world.status('A1')?.clients, 1);
  });

  it('is not called ready before its port listens and would open it: the first time, and after a replug', async () => {
    await using world = await startWorld();
    const states: unknown[] = [];
    const note = (): void => {
      const { state, addresses = [], reason } = world.status('A1') ?? {};
      states.push([state, addresses.length > 0, /just been plugged in/.test(reason ?? '')]);
    };
    const plugged = async (probe: SimProbe | { uid: string }): Promise<SimProbe> => {
      const attached = world.event('attached', 'A1').then(note);
      const served = world.event('served', 'A1').then(note);
      const sim = world.plug(probe);
      await Promise.all([attached, served]);
      return sim;
    };

    const probe = await plugged({ uid: 'A1' });
    const detached = world.event('detached', 'A1');
    world.unplug(probe);
    await detached;
    await plugged(probe);

    assert.deepEqual(states, [
      ['absent', false, true],
      ['ready', true, false],
      ['absent', true, true],
      ['ready', true, false],
    ]);
  });

  it('may have a HID interface without an OUT endpoint', async () => {
    await using world = await startWorld();

    world.plug({ uid: 'A1', transports: 'v1', quirks: { noHidOut: true } });
    const client = await world.client('A1');

    assert.equal(await useProbe(client), DPIDR);
  });

  it('with another one is independent of it', async () => {
    await using world = await startWorld();
    world.plug({ uid: 'A1' });
    const other = world.plug({ uid: 'B2' });
    const client = await world.client('A1');
    const bystander = await world.client('B2');
    await useProbe(client);
    await useProbe(bystander);
    other.holdAnswers();

    const waiting = bystander.request('read_dp', DP.DPIDR);
    await other.received(DapCommand.Transfer);

    assert.equal(await client.result('read_dp', DP.DPIDR), DPIDR);
    world.unplug(other);
    assert.equal((await waiting).status, 2);
    assert.equal(await client.result('read_dp', DP.DPIDR), DPIDR);
  });

  it('but is not wanted is not served', async () => {
    await using world = await startWorld({ config: '[listen]\nfirst_port = 0\n[[ignore]]\nuid = "A*"\n' });
    world.plug({ uid: 'A1' });
    world.plug({ uid: 'B2' });

    await world.client('B2');

    assert.equal(world.status('A1')?.state, 'ignored');
    assert.match(world.status('A1')?.reason ?? '', /\[\[ignore\]\] at t:3:1/);
    assert.deepEqual(world.status('A1')?.addresses, []);
  });
});

describe('a probe unplugged during a request', () => {
  it('answers it and later ones with status 2, and serves again after replug on the same port', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    await useProbe(client);
    const port = world.status('A1')?.port;
    probe.holdAnswers();

    const answer = client.request('read_dp', DP.DPIDR);
    await probe.received(DapCommand.Transfer);
    const unplugged = systemClock.now();
    world.unplug(probe);

    assert.equal((await answer).status, 2);
    assert.ok(systemClock.now() - unplugged < 100);
    assert.equal((await client.request('read_dp', DP.DPIDR)).status, 2);
    const refusal = await client.request('open');
    assert.equal(refusal.status, 2);
    assert.match(refusal.error ?? '', /probe A1 is not there: it was unplugged at 2\d\d\d-/);
    assert.equal(world.status('A1')?.state, 'absent');

    probe.releaseAnswers();
    const served = world.event('served', 'A1');
    world.plug(probe);
    await served;

    assert.equal(world.status('A1')?.port, port);
    assert.equal((await client.request('read_dp', DP.DPIDR)).status, 2); // it must be opened again
    assert.equal(await useProbe(client), DPIDR);
    assert.equal(await useProbe(await world.client('A1')), DPIDR);
  });

  it('accepts new clients meanwhile, and tells them', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    await world.client('A1');
    const detached = world.event('detached', 'A1');
    world.unplug(probe);
    await detached;

    const client = await world.client('A1');

    assert.equal((await client.request('hello', 1)).status, 0);
    assert.equal((await client.request('open')).status, 2);
  });

  it('answers a client that waits for the lock of another one to be given back', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    const holder = await world.client('A1');
    const waiting = await world.client('A1');
    await useProbe(holder);
    await waiting.result('open');
    await holder.result('lock');

    const answer = waiting.request('read_dp', DP.DPIDR);
    await waiting.bytesSent();
    await holder.result('hello', 1); // by now the daemon has read the other request, too
    world.unplug(probe);

    assert.equal((await answer).status, 2);
  });

  it('is recognised when the host controller reports an error before the loss', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    await useProbe(client);
    probe.holdAnswers();

    const answer = client.request('read_dp', DP.DPIDR);
    await probe.received(DapCommand.Transfer);
    const detached = world.event('detached', 'A1');
    world.unplug(probe, { pending: 'io', detachAfterMs: 50 });
    await detached;
    const unplugged = systemClock.now();

    assert.equal((await answer).status, 2);
    assert.ok(systemClock.now() - unplugged < 100);
    assert.equal((await client.request('read_dp', DP.DPIDR)).status, 2);
  });

  it('and plugged in again before anybody has looked must be opened again', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    await useProbe(client);

    const served = world.event('served', 'A1');
    world.unplug(probe);
    world.plug(probe);
    await served;

    const refusal = await client.request('read_dp', DP.DPIDR);
    assert.equal(refusal.status, 2);
    assert.match(refusal.error ?? '', /replugged: open it again/);
    assert.equal(await useProbe(client), DPIDR);
  });
});

describe('probes with the same serial number', () => {
  it('are served both, the second by the name of its socket', async () => {
    await using world = await startWorld();
    world.plug({ uid: 'A1' }, '1-1');
    world.plug({ uid: 'A1' }, '1-2');

    assert.equal(await useProbe(await world.client('A1')), DPIDR);
    assert.equal(await useProbe(await world.client('usb-1-2')), DPIDR);
  });

  it('keep their names when one leaves: nobody finds himself at another board', async () => {
    await using world = await startWorld();
    const first = world.plug({ uid: 'A1' }, '1-1');
    const second = world.plug({ uid: 'A1' }, '1-2');
    const client = await world.client('usb-1-2');
    await useProbe(client);
    second.board.memory.ram[0] = 2;

    const detached = world.event('detached', 'A1');
    world.unplug(first);
    await detached;

    assert.equal(await client.result('read_dp', DP.DPIDR), DPIDR);
    assert.equal(world.status('A1')?.state, 'absent');
    const served = world.event('served', 'A1');
    world.plug(first, '1-1');
    await served;
    assert.equal(await client.result('read_dp', DP.DPIDR), DPIDR);
    assert.equal(world.status('usb-1-2')?.state, 'in-use');
  });
});

describe('a probe that is not there when the daemon starts again', () => {
  it('is known by what was set for it, though no port is its own', async () => {
    const files = new MemoryFiles();
    {
      await using before = await startWorld({ files });
      before.plug({ uid: 'A1' });
      await before.event('served', 'A1');
      await before.daemon.rename('A1', 'bench');
      await before.daemon.setEnabled('A1', false);
    }

    await using world = await startWorld({ files });

    const { name, state } = world.status('A1') ?? {};
    assert.deepEqual({ name, state }, { name: 'bench', state: 'ignored' });
    await world.daemon.forget('A1');
    assert.equal(world.status('A1'), undefined);
  });
});

describe('a probe without a serial number', () => {
  it('is known by the name of its socket, also after a replug', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: '' }, '1-3');
    await world.client('usb-1-3');
    const port = world.status('usb-1-3')?.port;

    const detached = world.event('detached', 'usb-1-3');
    world.unplug(probe);
    await detached;
    world.plug(probe, '1-3');
    await world.event('served', 'usb-1-3');

    assert.equal(world.status('usb-1-3')?.port, port);
  });
});

describe('a port that another program uses', () => {
  it('is said so, and the probe is served by itself when the port is free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address);
    const clock = new FakeClock();
    await using world = await startWorld({
      clock,
      config: `[listen]\naddresses = ["127.0.0.1"]\nfirst_port = ${address.port}\n`,
    });

    const failed = world.event('failed', 'A1');
    world.plug({ uid: 'A1' });
    await failed;
    assert.equal(world.status('A1')?.state, 'failed');
    assert.match(world.status('A1')?.reason ?? '', new RegExp(`port ${address.port}: another program`));

    other.close();
    await once(other, 'close');
    const served = world.event('served', 'A1');
    await clock.advance(5000);
    await served;

    assert.equal(world.status('A1')?.state, 'ready');
    assert.equal((await (await world.client('A1')).request('hello', 1)).status, 0);
  });
});

describe('a disk that is full for a moment', () => {
  it('is tried again by itself, and what was set meanwhile is kept', async () => {
    const clock = new FakeClock();
    const files = new MemoryFiles();
    await using world = await startWorld({ clock, files });
    world.plug({ uid: 'A1' });
    await world.event('served', 'A1');
    files.onOperation = (operation) => {
      if (operation === 'write') throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    await world.daemon.rename('A1', 'bench');
    assert.match(world.daemon.unkept('settings') ?? '', /the port book cannot be written: .*: no space left on device/);
    assert.match(world.daemon.status().problems[0]?.remedy ?? '', /make room on the disk/);

    files.onOperation = () => undefined;
    await clock.advance(1000);
    await world.daemon.rescan();

    assert.equal(world.daemon.unkept('settings'), undefined);
    assert.deepEqual(world.daemon.status().problems, []);
    await using later = await startWorld({ files });
    assert.equal(later.status('A1')?.name, 'bench');
  });
});

describe('a bus that cannot be listed for a moment', () => {
  it('is asked again, and what was plugged in meanwhile is served', async () => {
    const clock = new FakeClock();
    await using world = await startWorld({ clock });
    const list = world.bus.list.bind(world.bus);
    world.bus.list = () => Promise.reject(new Error('no bus'));
    world.plug({ uid: 'A1' });
    await clock.advance(0);
    world.bus.list = list;

    const served = world.event('served', 'A1');
    await clock.advance(1000);
    await served;

    assert.equal(world.status('A1')?.state, 'ready');
  });
});

describe('a daemon that ends', () => {
  it('leaves no timer, no open port, and no claimed interface', async () => {
    const clock = new FakeClock();
    const world = await startWorld({ clock });
    world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    await runClock(clock, useProbe(client));
    const port = world.status('A1')?.port ?? 0;

    await world.supervisor[Symbol.asyncDispose]();

    assert.equal(clock.pending, 0);
    await assert.rejects(TestClient.connect(port), { code: 'ECONNREFUSED' });
    const [device] = await world.bus.list();
    await using free = await world.bus.open(device.key, 1);
    assert.ok(!free.gone.aborted);
  });

  it('while it waits for a port to become free leaves no timer', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address);
    const clock = new FakeClock();
    const world = await startWorld({
      clock,
      config: `[listen]\naddresses = ["127.0.0.1"]\nfirst_port = ${address.port}\n`,
    });

    world.plug({ uid: 'A1' }); // the attempt to listen runs when the daemon ends
    await world[Symbol.asyncDispose]();
    other.close();

    assert.equal(clock.pending, 0);
  });

  it('while the bus fails closes what it had open', async () => {
    const world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    await world.client('A1');
    const port = world.status('A1')?.port ?? 0;
    world.bus.list = () => Promise.reject(new Error('no bus'));

    world.unplug(probe); // makes it look again
    await world.supervisor[Symbol.asyncDispose]();

    await assert.rejects(TestClient.connect(port), { code: 'ECONNREFUSED' });
  });
});

describe('a probe that cannot be served', () => {
  const stLink = { vendorId: 0x0483, productId: 0x374b, product: 'STM32 STLink', serial: '066B', interfaces: [] };

  it('is shown with the reason, has no port, and is forgotten when it is unplugged', async () => {
    await using world = await startWorld();
    const device = inertDevice(stLink);

    world.bus.plug(device, '1-3');
    await world.daemon.rescan();

    const row = world.status('066B');
    assert.deepEqual([row?.state, row?.product, row?.port], ['not-served', 'STM32 STLink', undefined]);
    assert.match(row?.reason ?? '', /serves CMSIS-DAP probes only/);
    assert.equal(world.daemon.show('066B').usb?.path, '1-3');
    assert.deepEqual(world.daemon.ports().ports, []);
    assert.deepEqual(world.daemon.status().problems, []);
    await assert.rejects(world.daemon.forget('066B'), /is plugged in/);

    world.bus.unplug(device);
    await world.daemon.rescan();

    assert.equal(world.status('066B'), undefined);
  });

  it('may be one that was served before, and keeps its port until it can be again', async () => {
    await using world = await startWorld();
    const probe = world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    const port = world.status('A1')?.port;

    world.unplug(probe);
    const riscV = inertDevice({ vendorId: 0x1a86, productId: 0x8010, serial: 'A1', interfaces: [] });
    world.bus.plug(riscV);
    await world.daemon.rescan();

    assert.equal(world.status('A1')?.state, 'not-served');
    assert.match(world.status('A1')?.reason ?? '', /RISC-V mode/);
    assert.equal(world.status('A1')?.port, port);
    assert.equal((await client.request('open')).status, 2);

    world.bus.unplug(riscV);
    world.plug(probe);
    await world.daemon.rescan();
    assert.equal(world.status('A1')?.state, 'ready');
    assert.equal(await useProbe(client), DPIDR);
  });
});

describe('a probe with known bad firmware', () => {
  it('is served, and its problem says what to update', async () => {
    await using world = await startWorld();

    world.bus.plug(inertDevice({ vendorId: 0x2e8a, productId: 0x000c, deviceVersion: 0x0210 }));
    await world.client('A1');

    const { problems } = world.daemon.status();
    assert.deepEqual(
      problems.map(({ uid, what }) => [uid, what]),
      [['A1', 'its firmware may lose data']],
    );
    assert.match(problems[0].remedy, /update debugprobe to 2\.2\.0/);
  });
});

describe('a probe that the system refuses to us', () => {
  it('is a problem with the udev line that mends it, until it is mended', async () => {
    await using world = await startWorld();
    const device = inertDevice({ vendorId: 0xc251, productId: 0xf001, node: '/dev/bus/usb/001/007' });
    const refused = world.event('error', 'A1');

    world.bus.plug(device);
    world.bus.deny(device);
    await refused;

    const [problem] = world.daemon.status().problems;
    assert.equal(problem.what, 'no permission to open /dev/bus/usb/001/007');
    assert.match(problem.remedy, /ATTR\{idVendor\}=="c251", ATTR\{idProduct\}=="f001"/);
    assert.equal(world.status('A1')?.reason, problem.what);
    assert.equal(world.daemon.show('A1').errors[0].error, problem.what);

    world.bus.deny(device, false);
    await world.daemon.rescan();

    assert.equal(world.status('A1')?.state, 'ready');
    assert.deepEqual(world.daemon.status().problems, []);
  });
});
