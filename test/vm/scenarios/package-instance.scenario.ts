import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { packageScenario, PATIENCE_MS } from '../installed-package.js';

const FIRST_PORT = 5555;
const BENCH_PORT = 6000;
const BENCH_CONFIG = '/etc/probed/bench.toml';
const BENCH_SOCKET = '/run/probed-bench/control.sock';

describe('a second daemon, by the template unit', () => {
  packageScenario('serves the probes that the first one leaves to it, and is reloaded by itself', async (installed) => {
    const { vm } = installed;
    await installed.configure('[[ignore]]\nuid = "BENCH1"\n');
    await vm.agent.writeFile(BENCH_CONFIG, `[listen]\nfirst_port = ${BENCH_PORT}\n[[match]]\nuid = "BENCH1"\n`);
    await installed.systemctl('reload', 'probed');
    await installed.systemctl('start', 'probed@bench');

    await vm.plug(emulatedProbe({ uid: 'BENCH1' }), 1);
    await vm.plug(emulatedProbe({ uid: 'FIRST1' }), 2);
    assert.equal((await installed.served(BENCH_PORT)).dpidr, DPIDR);
    assert.equal((await installed.served(FIRST_PORT)).dpidr, DPIDR);
    const rows = (await installed.status()).probes.map(({ uid, state }) => `${uid} ${state}`);
    assert.deepEqual(rows.sort(), ['BENCH1 ignored', 'FIRST1 ready']);
    assert.match(await installed.shell(`probectl --socket ${BENCH_SOCKET} list`), /BENCH1/);

    await installed.systemctl('reload', 'probed@bench');
    await vm.agent.writeFile(BENCH_CONFIG, 'nonsense = 1\n');
    const { code } = await vm.agent.run(['systemctl', 'reload', 'probed@bench'], { timeoutMs: PATIENCE_MS });
    assert.notEqual(code, 0);
    assert.equal((await installed.systemctl('is-active', 'probed', 'probed@bench')).trim(), 'active\nactive');
  });
});
