import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { type InstalledPackage, packageScenario, PATIENCE_MS, until } from '../installed-package.js';

const FIRST_PORT = 5555;
const BENCH_PORT = 6000;
const BENCH_CONFIG = '/etc/probed/bench.toml';
const BENCH_SOCKET = '/run/probed-bench/control.sock';

describe('a second daemon, by the template unit', () => {
  packageScenario('serves the probes that the first one leaves to it, and is reloaded by itself', async (installed) => {
    const { vm } = installed;
    await startBench(installed);

    await vm.plug(emulatedProbe({ uid: 'BENCH1' }), 1);
    await vm.plug(emulatedProbe({ uid: 'FIRST1' }), 2);
    assert.equal((await installed.served(BENCH_PORT)).dpidr, DPIDR);
    assert.equal((await installed.served(FIRST_PORT)).dpidr, DPIDR);
    // "in use" until it has noticed that the client has gone.
    await until(
      async () => (await installed.status()).probes.map(({ uid, state }) => `${uid} ${state}`).sort(),
      (rows) => rows.join() === 'BENCH1 ignored,FIRST1 ready',
    );
    assert.match(await installed.shell(`probectl --socket ${BENCH_SOCKET} list`), /BENCH1/);

    await installed.systemctl('reload', 'probed@bench');
    await vm.agent.writeFile(BENCH_CONFIG, 'nonsense = 1\n');
    const { code } = await vm.agent.run(['systemctl', 'reload', 'probed@bench'], { timeoutMs: PATIENCE_MS });
    assert.notEqual(code, 0);
    assert.equal((await installed.systemctl('is-active', 'probed', 'probed@bench')).trim(), 'active\nactive');
  });

  packageScenario('is brought up to date with the package, on its own ports', async (installed) => {
    const { vm } = installed;
    await startBench(installed);
    await vm.plug(emulatedProbe({ uid: 'BENCH1' }), 1);
    await installed.served(BENCH_PORT);
    const client = installed.readUntilRefused(BENCH_PORT);

    await installed.unpack('next');

    assert.match(await client, /status 2|ECONNRESET/);
    assert.equal((await installed.served(BENCH_PORT)).dpidr, DPIDR);
    await installed.shell('dpkg --remove probed');
    assert.deepEqual(await installed.processes(), []);
  });
});

/** The first daemon leaves one probe to the second. */
async function startBench(installed: InstalledPackage): Promise<void> {
  await installed.configure('[[ignore]]\nuid = "BENCH1"\n');
  const config = `[listen]\nfirst_port = ${BENCH_PORT}\n[[match]]\nuid = "BENCH1"\n`;
  await installed.vm.agent.writeFile(BENCH_CONFIG, config);
  await installed.systemctl('reload', 'probed');
  await installed.systemctl('start', 'probed@bench');
}
