import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ControlWorld } from '../control/control-world.js';

const root = path.join(import.meta.dirname, '../..');
const main = path.join(root, 'src/cli/main.ts');

/** probectl as a process of its own, as a user starts it. */
function start(socket: string, ...args: readonly string[]) {
  const env = { ...process.env, PROBED_SOCKET: socket };
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { cwd: root, env });
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
  return { child, printed, ended: once(child, 'close').then(() => ({ code: child.exitCode, ...printed })) };
}

describe('probectl as a process', () => {
  it('prints to standard output without colour, and ends with 0', async () => {
    await using world = await ControlWorld.start();

    const { code, stdout, stderr } = await start(world.path, 'status').ended;

    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^probed 0\.1\.0, pid 4711, up \d+d\n\nNAME {3}UID {2}PROBE/);
    assert(!stdout.includes('\x1b'));
  });

  it('ends with 3 and a line on standard error when there is no daemon', async () => {
    await using world = await ControlWorld.empty();

    const { code, stdout, stderr } = await start(world.path, 'status').ended;

    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /^probectl: no daemon answers on .*: start it with ".*"\n$/);
  });

  it('follows events until Ctrl-C, which is no failure', async () => {
    await using world = await ControlWorld.start();
    world.daemon.events.add({ type: 'attached', uid: 'A1' });
    const { child, printed, ended } = start(world.path, 'events', '--since', '0');
    while (!printed.stdout.includes('attached')) await once(child.stdout, 'data');

    child.kill('SIGINT');

    assert.equal((await ended).code, 0);
  });

  it('ends when the daemon does, and says so', async () => {
    await using world = await ControlWorld.start();
    world.daemon.events.add({ type: 'attached', uid: 'A1' });
    const { child, printed, ended } = start(world.path, 'events', '--since', '0');
    while (!printed.stdout.includes('attached')) await once(child.stdout, 'data');

    await world.server[Symbol.asyncDispose]();

    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [1, 'probectl: the daemon closed the connection\n']);
  });

  it('fails, and says so, when what it prints cannot be written', async function () {
    if (!existsSync('/dev/full')) this.skip();
    await using world = await ControlWorld.start();
    const script = 'exec "$@" > /dev/full';

    const { stderr, status } = await new Promise<{ readonly stderr: string; readonly status: number | null }>(
      (resolve) => {
        const args = ['-c', script, 'sh', process.execPath, '--import', 'tsx', main, '--socket', world.path, 'status'];
        const child = execFile('sh', args, { cwd: root }, (_error, _stdout, text) =>
          resolve({ stderr: text, status: child.exitCode }),
        );
      },
    );

    assert.equal(status, 1);
    assert.match(stderr, /^probectl: standard output: .*no space left on device.*\n$/i);
  });

  it('goes on when nobody reads what it says on standard error', async () => {
    await using world = await ControlWorld.start();
    const { child, ended } = start(
      world.path,
      'run',
      'A1',
      '--',
      'sh',
      '-c',
      'read -r code; exit "$code" # and no pyocd',
    );

    child.stderr.destroy();
    child.stdin.end('7\n');

    assert.equal((await ended).code, 7);
  });

  it('ends quietly when nobody reads it any more', async () => {
    await using world = await ControlWorld.start();
    const { child, ended } = start(world.path, 'events');
    child.stdout.destroy();
    while (world.server.connections === 0) await new Promise((resolve) => setImmediate(resolve));

    const stop = setInterval(() => world.daemon.events.add({ type: 'stopping' }), 5);

    const { stderr } = await ended.finally(() => clearInterval(stop));
    assert.equal(stderr, '');
  });
});
