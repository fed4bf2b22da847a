import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { Emulation } from '../emulation.js';
import { type InstalledPackage, packageScenario, PATIENCE_MS } from '../installed-package.js';
import { figure, SHORT } from '../scenario.js';

const PORT = 5555;

describe('the .deb on a machine without Node', () => {
  packageScenario(
    `is started by the first plug, and a client on another machine reads DPIDR ${SHORT}`,
    async (installed) => {
      const { vm } = installed;
      assert.equal(await installed.show('ActiveState'), 'active'); // apt has started it
      await installed.configure('[listen]\nallow_remote = ["any"]\n');
      await installed.systemctl('stop', 'probed');

      const before = await vm.stopwatch.now();
      await vm.plug(emulatedProbe({ uid: 'DEB001' }), 1);
      const { at, dpidr } = await installed.served(PORT);

      assert.equal(dpidr, DPIDR);
      const plugged = await vm.stopwatch.kernelEvent('usb 1-1: New USB device found', before);
      const emulation = await Emulation.measure(vm);
      figure('plug to answer, service not running before', emulation.describe(at - plugged));
      assert.equal(await installed.readFromHost(PORT), DPIDR);
      assert.match(await installed.show('StatusText'), /^serving 1 probe, /);
      assert.deepEqual(await installed.processes(), [await installed.pid()]);
    },
  );

  packageScenario('runs as a user of its own that can do nothing but its work', async (installed) => {
    await installed.vm.plug(emulatedProbe({ uid: 'DEB001' }), 1);
    await installed.served(PORT);

    const security = await installed.shell('systemd-analyze security --no-pager probed');
    const exposure = Number(/Overall exposure level for probed\.service: ([\d.]+)/.exec(security)?.[1]);
    figure('systemd-analyze security', String(exposure));
    assert(exposure <= 2, security);
    const verified = await installed.shell('systemd-analyze verify --man=no probed.service probed@x.service 2>&1');
    assert.equal(verified, '');

    const pid = await installed.pid();
    const status = await installed.shell(`cat /proc/${pid}/status`);
    const uid = (await installed.shell('id -u probed')).trim();
    assert.match(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
    // Its three folders, and /tmp and /var/tmp of its own.
    const folders = ['/run/probed', '/tmp', '/var/lib/probed', '/var/log/probed', '/var/tmp'];
    assert.deepEqual(await writable(installed, pid), folders);
    const [, probe] = (await installed.shell('stat -c %U:%G:%a $(ls -d /dev/bus/usb/001/*)')).trim().split('\n');
    assert.equal(probe, 'root:probed:660');
  });

  packageScenario('lets members of its group use probectl, and tells others how to become one', async (installed) => {
    const { agent } = installed.vm;
    await installed.vm.plug(emulatedProbe({ uid: 'DEB001' }), 1);
    await installed.served(PORT);
    const asVisitor = (groups: string, command: string) =>
      agent.run(['setpriv', '--reuid', 'visitor', '--regid', 'visitor', groups, 'probectl', command], {
        timeoutMs: PATIENCE_MS,
      });

    const refused = await asVisitor('--clear-groups', 'status');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /you may not use \/run\/probed\/control\.sock: "probectl doctor"/);
    const doctor = await asVisitor('--clear-groups', 'doctor');
    assert.match(doctor.stdout, /sudo usermod -aG probed visitor/);

    await agent.output(['usermod', '-aG', 'probed', 'visitor']);
    const { code, stdout, stderr } = await asVisitor('--init-groups', 'status');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /DEB001/);
  });
});

/** Folders in which the service could make a file: of all there are, in its own mounts, as its user. */
async function writable(installed: InstalledPackage, pid: number): Promise<readonly string[]> {
  const find = 'find / \\( -path /proc -o -path /sys/kernel \\) -prune -o -type d -writable -print 2>/dev/null || true';
  const printed = await installed.vm.agent.output(
    [
      ...['nsenter', '-t', String(pid), '-m', '--'],
      ...['setpriv', '--reuid', 'probed', '--regid', 'probed', '--clear-groups', 'sh', '-c', find],
    ],
    { timeoutMs: PATIENCE_MS },
  );
  return printed.trim().split('\n').sort();
}
