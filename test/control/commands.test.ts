import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { RequestError } from '../../src/base/errors.js';
import { CommandError, ConnectionLostError, NoDaemonError } from '../../src/control/control-client.js';
import { commands } from '../../src/control/commands.js';
import { loadText } from '../config/load-text.js';
import { ControlWorld } from './control-world.js';
import { client as kicked, reservation } from './fake-daemon.js';

async function errorOf(promise: Promise<unknown>): Promise<CommandError> {
  const error: unknown = await promise.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert(error instanceof CommandError, String(error));
  return error;
}

describe('a control command', () => {
  it('answers what the daemon says', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();

    assert.deepEqual(await client.call('ping', {}), { pid: 4711 });
    assert.deepEqual(await client.call('version', {}), { version: '0.1.0', protocol: 1, pid: 4711 });
    assert.deepEqual((await client.call('status', {})).probes, world.daemon.rows);
    assert.deepEqual(await client.call('list', {}), { probes: world.daemon.rows });
    assert.equal((await client.call('show', { probe: 'A2' })).probe.port, 5556);
    assert.deepEqual((await client.call('ports', {})).ports.map(({ port }) => port), [5555, 5556]); // prettier-ignore
    assert.equal((await client.call('rescan', {})).probes.length, 2);
  });

  it('takes a probe by uid, name and beginning, and hands its uid to the daemon, and who asks', async () => {
    await using world = await ControlWorld.start({ operatorOf: async () => 'user:root' });
    const client = await world.client();

    await client.call('enable', { probe: 'bench' });
    await client.call('disable', { probe: 'a2' });
    await client.call('rename', { probe: 'be', name: 'left' });
    await client.call('rename', { probe: 'A1', name: '' });
    assert.deepEqual(await client.call('forget', { probe: 'A1' }), { uid: 'A1', port: 5555 });
    assert.deepEqual(await client.call('kick', { probe: 'A1' }), { uid: 'A1', kicked: [kicked] });
    await client.call('kick', { probe: 'A1', client: 7 });
    await client.call('reload', { now: true });

    assert.deepEqual(world.daemon.calls, [
      ['setEnabled', 'A1', true, 'user:root'],
      ['setEnabled', 'A2', false, 'user:root'],
      ['rename', 'A1', 'left', 'user:root'],
      ['rename', 'A1', undefined, 'user:root'],
      ['forget', 'A1', 'user:root'],
      ['kick', 'A1', {}, 'user:root'],
      ['kick', 'A1', { client: 7 }, 'user:root'],
      ['reload', true, 'user:root'],
    ]);
  });

  it('reserves, extends and releases for whom it is told, and says who asks', async () => {
    await using world = await ControlWorld.start({ operatorOf: async () => 'user:root' });
    const client = await world.client();

    const reserved = await client.call('reserve', { probe: 'bench', for: '1h30m', as: 'user:bob', reason: 'tests' });
    await client.call('reserve', { probe: 'A1', for: '90s' });
    await client.call('extend', { probe: 'A1', for: '2d' });
    await client.call('release', { probe: 'A1' });
    await client.call('kick', { probe: 'A1', who: 'user:ada' });

    assert.deepEqual(reserved, { uid: 'A1', reservation, others: [kicked] });
    assert.deepEqual(world.daemon.calls, [
      ['reserve', 'A1', { principal: 'user:bob', lengthMs: 5_400_000, reason: 'tests' }, 'user:root'],
      ['reserve', 'A1', { principal: 'user:root', lengthMs: 90_000 }, 'user:root'],
      ['extend', 'A1', 2 * 86_400_000, 'user:root'],
      ['release', 'A1', 'user:root'],
      ['kick', 'A1', { principal: 'user:ada' }, 'user:root'],
    ]);
  });

  it('takes an empty reason for none', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();

    for (const reason of ['', '  ']) await client.call('reserve', { probe: 'A1', for: '90s', as: 'user:bob', reason });

    const wish = { principal: 'user:bob', lengthMs: 90_000 };
    assert.deepEqual(world.daemon.calls, [
      ['reserve', 'A1', wish, undefined],
      ['reserve', 'A1', wish, undefined],
    ]);
  });

  it('reserves for nobody it does not know', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();

    await assert.rejects(client.call('reserve', { probe: 'A1', for: '10m' }), /say --as PRINCIPAL/);
    assert.deepEqual(world.daemon.calls, []);
  });

  for (const args of [
    { for: '0s' },
    { for: '10' },
    { for: '-5m' },
    { for: '10m', as: 'ada' },
    { for: '10m', as: 'addr:lab.example' },
    { for: '10m', reason: 'two\nlines' },
  ]) {
    it(`refuses to reserve with ${JSON.stringify(args)}`, async () => {
      await using world = await ControlWorld.start();
      const client = await world.client();

      await assert.rejects(
        client.call('reserve', { probe: 'A1', ...args }),
        /^\w*Error: reserve: argument (for|as|reason) must/,
      );
    });
  }

  it('passes reload on with its choice, and its complaints back', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    world.daemon.reloaded = { applied: false, complaints: ['probed.toml:3:1: unknown key "prot"'] };

    assert.deepEqual(await client.call('reload', {}), world.daemon.reloaded);
    await client.call('reload', { now: true });

    assert.deepEqual(world.daemon.calls, [['reload', false, undefined], ['reload', true, undefined]]); // prettier-ignore
  });

  it('is answered in order, also when requests are sent ahead', async () => {
    await using world = await ControlWorld.start();
    const peer = await world.peer();

    for (let id = 0; id < 20; id++) peer.request(id, 'ping');

    for (let id = 0; id < 20; id++) {
      assert.deepEqual(await peer.message(), { type: 'reply', data: { id, result: { pid: 4711 } } });
    }
  });

  it('names a probe as the config may name it, and not otherwise', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    const config = (name: string) => () => loadText(`[[probe]]\nuid = "A1"\nname = "${name}"\n`);

    for (const name of ['x'.repeat(64), 'bench-2.left_3', '7']) {
      await client.call('rename', { probe: 'A1', name });
      assert.doesNotThrow(config(name));
    }
    for (const name of ['x'.repeat(65), '-x', 'x y', 'ä']) {
      const { message } = await errorOf(client.call('rename', { probe: 'A1', name }));
      assert.match(message, /^rename: argument name must be up to 64 letters, /);
      assert.throws(config(name), /allowed is up to 64 letters, /);
    }
  });

  it('has a name of its own, and a summary that is a sentence', () => {
    assert.equal(new Set(commands.map(({ name }) => name)).size, commands.length);
    for (const { summary } of commands) assert.match(summary, /^[A-Z].*\.$/);
  });
});

describe('a control command that cannot be run', () => {
  it('says which probes may have been meant', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();

    const missing = await errorOf(client.call('show', { probe: 'bnech' }));
    assert.equal(missing.code, 'no-such-probe');
    assert.equal(missing.message, 'no probe is called "bnech"');
    assert.deepEqual(missing.nearest, ['bench']);

    const ambiguous = await errorOf(client.call('show', { probe: 'A' }));
    assert.equal(ambiguous.code, 'ambiguous');
    assert.deepEqual(ambiguous.nearest, ['bench', 'A2']);
  });

  it('is refused with the words of the daemon', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    world.daemon.failure = new RequestError('the name is set in /etc/probed/probed.toml:12');

    const error = await errorOf(client.call('rename', { probe: 'A1', name: 'x' }));

    assert.equal(error.code, 'refused');
    assert.equal(error.message, 'the name is set in /etc/probed/probed.toml:12');
  });

  const wrong: readonly (readonly [object, string])[] = [
    [{}, 'kick: argument probe is missing'],
    [{ probe: 1 }, 'kick: argument probe must be the uid or name of a probe, or the beginning of one'],
    [{ probe: 'A1', client: -1 }, 'kick: argument client must be the number of a client, as `show` prints it'],
    [{ probe: 'A1', clint: 1 }, 'kick: there is no argument "clint": it takes probe, client, who'],
    [[], 'kick: arguments must be an object'],
  ];
  for (const [args, message] of wrong) {
    it(`says what is wrong with ${JSON.stringify(args)}`, async () => {
      await using world = await ControlWorld.start();
      const peer = await world.peer();

      peer.request(3, 'kick', args);

      assert.deepEqual(await peer.message(), { type: 'reply', data: { id: 3, error: { code: 'refused', message } } });
    });
  }

  it('is unknown: it names the command that was meant', async () => {
    await using world = await ControlWorld.start();
    const peer = await world.peer();

    peer.request(0, 'relaod');

    const message = 'probed 0.1.0 has no command "relaod": did you mean reload?';
    assert.deepEqual(await peer.message(), { type: 'reply', data: { id: 0, error: { code: 'refused', message } } });
  });

  it('is of another version of the protocol', async () => {
    await using world = await ControlWorld.start();
    const peer = await world.peer();

    peer.request(0, 'ping', {}, 2);

    assert.match(JSON.stringify(await peer.message()), /speaks version 1 of the control protocol, not 2/);
  });
});

describe('a handler that throws', () => {
  it('costs its request, and neither connection nor daemon', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    world.daemon.failure = new TypeError('undefined is not a function');

    const error = await errorOf(client.call('status', {}));

    assert.equal(error.code, 'internal');
    assert.equal((await client.call('ping', {})).pid, 4711);
  });
});

describe('a client of the control socket', () => {
  it('hears that there is no daemon', async () => {
    await using world = await ControlWorld.empty();

    await assert.rejects(world.client(), (error) => error instanceof NoDaemonError && error.reason === 'absent');
  });

  it('leaves nothing on a signal that outlives its calls: `forward` makes one for each event, for days', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    const { signal } = new AbortController();

    await client.call('ping', {}, signal);
    await assert.rejects(client.call('show', { probe: 'none' }, signal), CommandError);

    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('hears that the daemon has gone while it waits', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    world.daemon.rescanned = new Promise(() => undefined);

    const answer = client.call('rescan', {});
    await client.call('ping', {}, AbortSignal.abort()).catch(() => undefined);
    await world.server[Symbol.asyncDispose]();

    await assert.rejects(answer, ConnectionLostError);
  });
});
