import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { silentLogger } from '../../src/base/logger.js';
import { findServiceManager, noServiceManager, watchdogTimeoutMs } from '../../src/platform/service-manager.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { ownPrograms } from '../support/programs.js';
import { NotifySocket } from '../support/notify-socket.js';
import { TestClient } from '../support/test-client.js';

describe('a daemon under a service manager', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('says that it is ready when its probes are served, who is there, that it lives, and that it stops', async () => {
    await using socket = new NotifySocket();
    const env = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '200000' };
    await using daemon = DaemonProcess.spawn(['--simulate', '2', '--port', '0'], undefined, ownPrograms, { more: env });
    await daemon.printed(2);
    assert.equal(await socket.received('READY=1'), 'READY=1\nSTATUS=serving 2 probes, 0 clients');

    await using client = await TestClient.connect(daemon.ports[0]);
    await client.request('hello', 1);
    await socket.received('STATUS=serving 2 probes, 1 client');
    await socket.received('WATCHDOG=1');
    await daemon.stop();

    assert.equal(await socket.received('STOPPING=1'), 'STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=10000000');
  });
});

describe('a service manager', () => {
  it('that wants to know nothing costs nothing', async () => {
    const load = () => Promise.reject(new Error('loaded'));

    assert.equal(await findServiceManager({}, silentLogger, load), noServiceManager);
  });

  it('is told by a program, in order, where the native library cannot be loaded', async function () {
    if (!isInstalled('systemd-notify')) this.skip();
    await using socket = new NotifySocket();
    process.env.NOTIFY_SOCKET = socket.path;
    try {
      const load = () => Promise.reject(new Error('no koffi'));
      const manager = await findServiceManager(process.env, silentLogger, load);
      manager.notify('READY=1\nSTATUS=one');
      manager.notify('STATUS=two');

      await socket.received('STATUS=two');
      const sent = socket.messages.filter((message) => message.includes('STATUS'));
      assert.deepEqual(
        sent.map((message) => message.trim()),
        ['READY=1\nSTATUS=one', 'STATUS=two'],
      );
    } finally {
      delete process.env.NOTIFY_SOCKET;
    }
  });

  it('has a watchdog only for the process it started', () => {
    assert.equal(watchdogTimeoutMs({ WATCHDOG_USEC: '30000000' }, 7), 30_000);
    assert.equal(watchdogTimeoutMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 30_000);
    assert.equal(watchdogTimeoutMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), undefined);
    assert.equal(watchdogTimeoutMs({}, 7), undefined);
  });
});

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
