import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { DaemonProcess } from '../support/daemon-process.js';
import { freePorts } from '../support/free-port.js';
import { TestClient } from '../support/test-client.js';

describe('probed, when it starts', () => {
  it('says on one line for each probe where it is served, and the command that uses it', async () => {
    await using daemon = await DaemonProcess.serving(2);

    const [first, second] = daemon.lines;
    const [port] = daemon.ports;
    assert.match(
      first,
      new RegExp(`^SIM0001 .*127\\.0\\.0\\.1:${port} .*pyocd cmd -u remote:localhost:${port} -t cortex_m$`),
    );
    assert.match(second, /^SIM0002 /);
  });

  it('names a target that can share the line with others', async () => {
    const simulated = ['--simulate', '1', '--simulate', 'multidrop', '--simulate', '1,dpv3'];
    await using daemon = DaemonProcess.spawn([...simulated, '--port', '0']);
    await daemon.printed(3);

    assert.deepEqual(
      daemon.lines.map((line) => / -t (\S+)$/.exec(line)?.[1]),
      ['cortex_m', 'rp2040_core0', 'cortex_m'],
    );
  });

  it('serves on both loopback addresses', async () => {
    await using daemon = await DaemonProcess.serving(1);

    for (const host of daemon.lines[0].includes('[::1]') ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      await using client = await TestClient.connect(daemon.ports[0], host);
      assert.equal(await client.result('hello', 1), undefined);
    }
  });

  it('serves only the probes it is told to', async () => {
    await using daemon = DaemonProcess.spawn(['--simulate', '3', '--port', '0', '--uid', 'SIM0002']);
    await daemon.logged('probe served');

    await daemon.stop();

    assert.equal(daemon.lines.length, 1);
    assert.match(daemon.lines[0], /^SIM0002 /);
  });

  it('takes consecutive ports from the one it is given', async () => {
    const base = await freePorts(2);
    await using daemon = await DaemonProcess.serving(2, '--port', String(base));

    assert.deepEqual(daemon.ports, [base, base + 1]);
  });

  it('names the port that is in use', async () => {
    await using taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    assert(typeof address === 'object' && address);
    await using daemon = DaemonProcess.spawn(['--simulate', '--port', String(address.port)]);

    assert.deepEqual(await daemon.exit, { code: 1, signal: null });
    assert.match(
      daemon.lastLine,
      new RegExp(`^probed: cannot listen on 127\\.0\\.0\\.1 port ${address.port}: .*choose another`),
    );
  });

  it('serves real probes unless told otherwise, also on a machine without USB', async () => {
    await using daemon = DaemonProcess.spawn(['--port', '0']);
    await daemon.logged(' USB ');

    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  });

  const mistakes: readonly [args: readonly string[], complaint: RegExp][] = [
    [['--simulat'], /^probed: unknown option: simulat: did you mean --simulate\?$/],
    [['--simulate', '--port', '99999'], /^probed: --port 99999: a port is a number from 1 to 65535/],
    [['--simulate', 'nonsense'], /^probed: --simulate: simulated probe: unknown option "nonsense": choose from v1, /],
  ];
  for (const [args, complaint] of mistakes) {
    it(`explains a mistake in one line and exits with 2: probed ${args.join(' ')}`, async () => {
      await using daemon = DaemonProcess.spawn(args);

      assert.deepEqual(await daemon.exit, { code: 2, signal: null });
      assert.match(daemon.stderr.trimEnd(), complaint);
      assert.equal(daemon.stderr.trimEnd().split('\n').length, 1);
    });
  }

  it('prints its version and its help', async () => {
    await using version = DaemonProcess.spawn(['--version']);
    await using help = DaemonProcess.spawn(['--help']);

    assert.equal((await version.exit).code, 0);
    assert.match(version.lines.join('\n'), /^\d+\.\d+\.\d+$/);
    assert.equal((await help.exit).code, 0);
    assert(help.lines.length <= 24, 'fits a screen');
  });
});

describe('probed, when it is told to stop', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends with code 0 on ${signal}, and answers what is pending with status 2`, async () => {
      await using daemon = await DaemonProcess.serving(1);
      await using holder = await TestClient.connect(daemon.ports[0]);
      await using waiting = await TestClient.connect(daemon.ports[0]);
      await holder.result('lock');
      await waiting.result('hello', 1); // the daemon knows whose client it is, and reads its requests
      const pending = waiting.request('lock');
      await waiting.bytesSent();
      await holder.result('hello', 1); // by now the daemon has read the other request, too
      const lost = once(holder.socket, 'error');

      const exit = await daemon.stop(signal);

      assert.deepEqual(exit, { code: 0, signal: null });
      assert.equal((await pending).status, 2);
      assert.match(String(await lost), /ECONNRESET/);
    });
  }

  it('leaves no port behind', async () => {
    await using daemon = await DaemonProcess.serving(1);
    const [port] = daemon.ports;

    await daemon.stop();

    await assert.rejects(TestClient.connect(port), { code: 'ECONNREFUSED' });
  });
});
