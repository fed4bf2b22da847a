import assert from 'node:assert/strict';
import { DapCommand } from '../../../src/sim/firmware/dap-command.js';
import { pyocdCommand, requirePyocd } from '../../support/pyocd.js';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { Emulation } from '../emulation.js';
import { mountHost } from '../host-programs.js';
import { packageScenario, PATIENCE_MS } from '../installed-package.js';
import { figure } from '../scenario.js';

const PORT = 5555;
/** From SIGKILL to an answer, in seconds without emulation. */
const KILL_LIMIT = 3;
/** RestartSec of the unit. */
const RESTART_SECONDS = 0.5;

describe('the service of the package', () => {
  packageScenario('goes on when it is reloaded with a bad config, and says what is wrong', async (installed) => {
    const pid = await installed.pid();
    await installed.configure('[listen]\nfirst_prot = 1\n');

    const { code } = await installed.vm.agent.run(['systemctl', 'reload', 'probed'], { timeoutMs: PATIENCE_MS });

    assert.notEqual(code, 0);
    const shown = await installed.shell('systemctl status --no-pager --full probed');
    assert.match(shown, /probed\.toml:2:1: .*first_prot/);
    figure('reload with a bad config', /\/etc\/.*first_prot.*/.exec(shown)?.[0] ?? '');
    assert.equal(await installed.show('ActiveState'), 'active');
    assert.equal(await installed.pid(), pid);
  });

  packageScenario('is back soon after SIGKILL, and a client that waited is reset', async (installed) => {
    const { vm } = installed;
    const probe = emulatedProbe({ uid: 'KILL01' });
    await vm.plug(probe, 1);
    await installed.served(PORT);
    const waiting = installed.readUntilRefused(PORT);
    await probe.received(DapCommand.Transfer);
    probe.holdAnswers();
    await probe.received(DapCommand.Transfer);

    const before = await vm.stopwatch.now();
    await installed.systemctl('kill', '--signal=KILL', 'probed');
    probe.releaseAnswers();
    const { at, dpidr } = await installed.served(PORT);

    assert.equal(dpidr, DPIDR);
    assert.match(await waiting, /ECONNRESET/);
    const emulation = await Emulation.measure(vm);
    figure('SIGKILL to answer', emulation.describe(at - before, RESTART_SECONDS));
    assert.ok(
      emulation.seconds(at - before, RESTART_SECONDS) < KILL_LIMIT,
      emulation.describe(at - before, RESTART_SECONDS),
    );
  });

  packageScenario('is restarted when its event loop is blocked', async (installed) => {
    const { vm } = installed;
    await vm.plug(emulatedProbe({ uid: 'BLOCK1' }), 1);
    await installed.served(PORT);
    const pid = await installed.pid();

    await vm.agent.call('blockEventLoop', { pid }, PATIENCE_MS);
    const { dpidr } = await installed.served(PORT);

    assert.equal(dpidr, DPIDR);
    assert.notEqual(await installed.pid(), pid);
    const killed = await installed.loggedAt(/Watchdog timeout \(limit 30s\)/);
    const back = await installed.loggedAt(/Started probed\.service/);
    figure('event loop blocked', `ended by the watchdog, ready again ${(back - killed).toFixed(1)} s later, emulated`);
  });

  packageScenario('stops under load within the grace, and leaves nothing', async (installed) => {
    const { vm } = installed;
    const probe = emulatedProbe({ uid: 'STOP01' });
    await vm.plug(probe, 1);
    await installed.served(PORT);
    const clients = Array.from({ length: 4 }, () => installed.readUntilRefused(PORT));
    for (let reads = 0; reads < 50; reads++) await probe.received(DapCommand.Transfer);

    const before = await vm.stopwatch.now();
    await installed.systemctl('stop', 'probed');
    const after = await vm.stopwatch.now();

    const ends = await Promise.all(clients);
    figure('stop under load', `${Math.round((after - before) * 1000)} ms, emulated; clients: ${ends.join(', ')}`);
    for (const end of ends) assert.match(end, /status 2|ECONNRESET/);
    assert.equal(await installed.show('Result'), 'success');
    assert.equal(await installed.show('ExecMainStatus'), '0');
    assert.deepEqual(await installed.processes(), []);
    await installed.shell(`! test -e /run/probed; ! ss -tln | grep :${PORT}`);
  });
});

describe('a stock client of the service', function () {
  before(function () {
    requirePyocd(this);
  });

  packageScenario('ends when the daemon is killed that it waits for', async (installed) => {
    const { agent } = installed.vm;
    const probe = emulatedProbe({ uid: 'KILL02' });
    await installed.vm.plug(probe, 1);
    await installed.served(PORT);
    // In the guest: the network between guest and host makes an end of every reset.
    await mountHost(agent);
    const command = ['cmd', '-u', `remote:localhost:${PORT}`, '-t', 'cortex_m', '-c', 'status'];
    const client = agent.run(['chroot', '/host', pyocdCommand ?? '', ...command], { timeoutMs: PATIENCE_MS });
    await probe.received(DapCommand.Transfer);
    probe.holdAnswers();
    await probe.received(DapCommand.Transfer);

    const before = await installed.vm.stopwatch.now();
    await installed.systemctl('kill', '--signal=KILL', 'probed');
    const { code, signal, stdout, stderr } = await client;
    const after = await installed.vm.stopwatch.now();

    assert.equal(signal, null, 'it had to be killed');
    const said = `${stdout}${stderr}`.trim().split('\n').at(-1);
    figure('a stock client that waits through SIGKILL', `exit ${code} ${(after - before).toFixed(1)} s later: ${said}`);
    assert.notEqual(code, 0);
  });
});
