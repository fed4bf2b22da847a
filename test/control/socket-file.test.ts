import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { AlreadyRunningError, checkSocketPath, ControlSocketError } from '../../src/control/socket-file.js';
import { ControlWorld } from './control-world.js';
import { FakeDaemon } from './fake-daemon.js';

/** Leaves a socket as a daemon does that was killed: bound, and nobody behind it. */
async function leaveDeadSocket(file: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'close');
  assert((await stat(file)).isSocket());
}

describe('the control socket', () => {
  for (const umask of [0o000, 0o022, 0o077]) {
    it(`has mode 660 whatever the umask (${umask.toString(8)}), which is left as it was`, async () => {
      await using world = await ControlWorld.empty();
      const before = process.umask(umask);

      await world.listen();

      assert.equal(process.umask(before), umask);
      assert.equal((await stat(world.path)).mode & 0o777, 0o660);
    });
  }

  it("is nobody else's until it has its permissions: bound with mode 600", async () => {
    await using world = await ControlWorld.empty();
    const masks: number[] = [];

    await world.listen({ setUmask: (mask) => (masks.push(mask), process.umask(mask)) });

    assert.equal(masks[0], 0o177);
  });

  it('has the mode and the group it is told to have, and leaves its directory alone', async () => {
    await using world = await ControlWorld.empty();
    await chmod(world.directory, 0o750);
    const gid = process.getgid?.();

    await world.listen({ mode: 0o600, group: String(gid) });

    const { mode, gid: group } = await stat(world.path);
    assert.deepEqual([mode & 0o777, group], [0o600, gid]);
    assert.equal((await stat(world.directory)).mode & 0o777, 0o750);
  });

  it('is not opened for a group that does not exist, and is gone again', async () => {
    await using world = await ControlWorld.empty();

    await assert.rejects(world.listen({ group: 'no-such-group' }), /no group no-such-group: create it with "groupadd/);

    assert.deepEqual(await readdir(world.directory), []);
  });

  it('is gone when the server has ended', async () => {
    await using world = await ControlWorld.start();

    await world.server[Symbol.asyncDispose]();

    assert.deepEqual(await readdir(world.directory), []);
  });

  it('that a dead daemon has left is replaced', async () => {
    await using world = await ControlWorld.empty();
    await leaveDeadSocket(world.path);

    await world.listen();

    assert.equal((await (await world.client()).call('ping', {})).pid, 4711);
    assert.deepEqual(await readdir(world.directory), ['control.sock']);
  });

  it('of a living daemon is refused to a second one, which is told the pid, and the first serves on', async () => {
    await using world = await ControlWorld.start();

    await assert.rejects(
      world.listen(),
      (error) => error instanceof AlreadyRunningError && error.message.startsWith('already running, pid 4711: '),
    );

    assert.equal((await (await world.client()).call('ping', {})).pid, 4711);
  });

  it('goes to one of two daemons that find the same dead socket', async () => {
    for (let round = 0; round < 5; round++) {
      await using world = await ControlWorld.empty();
      await leaveDeadSocket(world.path);

      const attempts = await Promise.allSettled(
        [1, 2].map((pid) => world.listen({ daemon: Object.assign(new FakeDaemon(), { pid }) })),
      );

      assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1);
      assert([1, 2].includes((await (await world.client()).call('ping', {})).pid));
    }
  });

  it('that another program listens on is left to it', async () => {
    await using world = await ControlWorld.empty();
    const other = createServer((socket) => socket.destroy()).listen(world.path);
    await once(other, 'listening');

    await assert.rejects(world.listen(), /^AlreadyRunningError: already running: another daemon answers on/);

    other.close();
  });

  it('is not put in place of a file or a directory', async () => {
    await using world = await ControlWorld.empty();
    const [file, directory] = [path.join(world.directory, 'file'), path.join(world.directory, 'directory')];
    await writeFile(file, 'text');
    await mkdir(directory);

    for (const taken of [file, directory]) {
      await assert.rejects(world.listen({ path: taken }), /another kind of file is there/);
    }
  });

  it('in a directory that is not there is refused with its path', async () => {
    await using world = await ControlWorld.empty();

    await assert.rejects(
      world.listen({ path: path.join(world.directory, 'none/control.sock') }),
      (error) => error instanceof ControlSocketError && /none\/control.sock/.test(error.message),
    );
  });
});

describe('the path of a socket', () => {
  it('fits with one byte for its end: 107 on Linux, 103 on macOS', () => {
    checkSocketPath(`/${'x'.repeat(106)}`, 'linux');
    checkSocketPath(`/${'x'.repeat(102)}`, 'darwin');

    assert.throws(() => checkSocketPath(`/${'x'.repeat(107)}`, 'linux'), /has 108 bytes, the system allows 1 to 107/);
    assert.throws(() => checkSocketPath(`/${'x'.repeat(103)}`, 'darwin'), /has 104 bytes, the system allows 1 to 103/);
    assert.throws(() => checkSocketPath(`/${'ä'.repeat(54)}`, 'linux'), ControlSocketError);
    assert.throws(() => checkSocketPath('', 'linux'), ControlSocketError);
  });
});
