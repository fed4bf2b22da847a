import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { forgetProbed, InstalledPackage, LIST_FILES, PATIENCE_MS } from '../installed-package.js';
import { figure, scenario } from '../scenario.js';

const PORT = 5555;
const CONFIG = '/etc/probed/probed.toml';
const STATE = '/var/lib/probed';
const UNITS = '/usr/local/lib/systemd/system';
/** What must be there for files of ours, and stays. */
const FOLDERS = ['/etc/probed', '/etc/sysusers.d', UNITS.replace(/\/system$/, ''), UNITS, STATE];
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

      // A config that is wrong: the service does not start, and all is taken back.
      const early = await vm.plug(emulatedProbe({ uid: 'NPM000' }), 2);
      await installed.shell(`mkdir /etc/probed; echo 'nonsense = 1' >${CONFIG}`);
      const failed = await vm.agent.run(['sh', '-c', `${PROBECTL} service install`], { timeoutMs: PATIENCE_MS });
      assert.equal(failed.code, 1);
      const stays = (await newFiles(installed, before)).filter((file) => !FOLDERS.includes(file));
      assert.deepEqual(stays, [CONFIG], failed.stderr);
      assert.equal(await installed.show('LoadState'), 'not-found');
      assert.doesNotMatch(await installed.shell('stat -c %G /dev/bus/usb/001/* /dev/hidraw*'), /probed/);
      early[Symbol.dispose]();
      await installed.shell('rm -r /etc/probed');

      await installed.shell(`${PROBECTL} service install`);
      await installed.systemctl('mask', '--now', 'probed'); // as it is said of the package
      assert.equal(await installed.show('LoadState'), 'masked');
      await installed.systemctl('unmask', 'probed');
      await vm.plug(emulatedProbe({ uid: 'NPM001' }), 1);
      assert.equal((await installed.served(PORT)).dpidr, DPIDR);
      assert.match(await installed.show('StatusText'), /^serving 1 probe,/);
      figure(
        'probectl service status',
        (await installed.shell(`${PROBECTL} service status`)).trim().replaceAll('\n', '; '),
      );

      await installed.shell(`${PROBECTL} service uninstall`);
      // Config and ports are kept, as is the user; and folders of the system's stay that were missing.
      const kept = [...FOLDERS, CONFIG, `${STATE}/ports.1`, `${STATE}/ports.2`].sort();
      assert.deepEqual(await newFiles(installed, before), kept);
      assert.deepEqual(await installed.processes(), []);
      assert.doesNotMatch(await installed.shell('stat -c %G /dev/bus/usb/001/*'), /probed/);
    },
    900_000,
  );
});

/** Files that were not there before; not the copies of the accounts' files that their tools keep. */
async function newFiles(installed: InstalledPackage, before: string): Promise<readonly string[]> {
  const old = new Set(before.split('\n'));
  const files = (await installed.shell(LIST_FILES)).split('\n').filter((file) => !old.has(file));
  return files.filter((file) => !/^\/etc\/(passwd|shadow|group|gshadow)-$/.test(file)).sort();
}
