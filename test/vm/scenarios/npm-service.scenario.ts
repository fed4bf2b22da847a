import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { forgetProbed, InstalledPackage, LIST_FILES } from '../installed-package.js';
import { figure, scenario } from '../scenario.js';

const PORT = 5555;
const STATE = '/var/lib/probed';
/** As after `npm install -g`: the package, with a Node outside of homes. */
const PROBECTL = '/opt/vm-agent/node /opt/payload/dist/cli/main.js';

describe('"probectl service"', () => {
  scenario(
    'installs a service that the first plug starts, and takes it away again',
    async (vm) => {
      await forgetProbed(vm);
      const installed = new InstalledPackage(vm);
      const before = await installed.shell(LIST_FILES);
      await installed.shell(`${PROBECTL} service install --dry-run`);
      assert.equal(await installed.shell(LIST_FILES), before);
      const absent = await vm.agent.run(['sh', '-c', `${PROBECTL} service status`], { timeoutMs: 60_000 });
      assert.equal(absent.code, 1);

      await installed.shell(`${PROBECTL} service install`);
      await installed.systemctl('stop', 'probed');
      await vm.plug(emulatedProbe({ uid: 'NPM001' }), 1);
      assert.equal((await installed.served(PORT)).dpidr, DPIDR);
      assert.match(await installed.show('StatusText'), /^serving 1 probe,/);
      figure(
        'probectl service status',
        (await installed.shell(`${PROBECTL} service status`)).trim().replaceAll('\n', '; '),
      );

      await installed.shell(`${PROBECTL} service uninstall`);
      const left = (await installed.shell(LIST_FILES)).split('\n').filter((file) => !before.split('\n').includes(file));
      // Config and ports are kept, as is the user; and a folder of the system's stays that was missing.
      assert.deepEqual(
        left.filter((file) => !/^\/etc\/(passwd|shadow|group|gshadow)-$/.test(file)),
        ['/etc/probed', '/etc/probed/probed.toml', '/etc/sysusers.d', STATE, `${STATE}/ports.1`, `${STATE}/ports.2`],
      );
      assert.deepEqual(await installed.processes(), []);
      assert.doesNotMatch(await installed.shell('stat -c %G /dev/bus/usb/001/*'), /probed/);
    },
    900_000,
  );
});
