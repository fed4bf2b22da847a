import assert from 'node:assert/strict';
import { emulatedProbe } from '../emulated-probe.js';
import { type InstalledPackage, packageScenario } from '../installed-package.js';

const PORT = 5555;
const DEVICE = '/sys/bus/usb/devices/1-1';
const ROOT_HUB = '/sys/bus/usb/devices/usb1';
const UACCESS = '/usr/share/doc/probed/examples/70-probed-uaccess.rules';

describe('the udev rules of the package', () => {
  packageScenario(
    'give a probe to the group, keep ModemManager away, and leave what is none alone',
    async (installed) => {
      await installed.vm.plug(emulatedProbe({ uid: 'RULES1', transports: 'v1' }), 1);
      await installed.served(PORT);

      const properties = await udev(installed, DEVICE);
      assert.match(properties, /^ID_MM_DEVICE_IGNORE=1$/m);
      assert.match(properties, /^SYSTEMD_WANTS=probed\.service$/m);
      assert.equal(await owner(installed, DEVICE), 'root:probed 660');
      assert.equal((await installed.shell("stat -c '%U:%G %a' /dev/hidraw*")).trim(), 'root:probed 660');

      assert.doesNotMatch(await udev(installed, ROOT_HUB), /ID_MM_DEVICE_IGNORE|SYSTEMD_WANTS|DEBUG_PROBE/);
      assert.equal(await owner(installed, ROOT_HUB), 'root:root 664');
    },
  );

  packageScenario('let in whoever sits at the machine, once the example is copied', async (installed) => {
    await installed.vm.plug(emulatedProbe({ uid: 'RULES1' }), 1);
    await installed.served(PORT);
    assert.doesNotMatch(await udev(installed, DEVICE), /uaccess/);

    // The image has no documents: the package's own are looked for in it. The commands are those of the example.
    await installed.shell(
      `dpkg-deb --fsys-tarfile ${installed.packageFile('old')} | tar -xO .${UACCESS} >/tmp/example`,
    );
    const example = await installed.shell('cat /tmp/example');
    const apply = /^# {3}sudo (udevadm control .*)$/m.exec(example)?.[1].replaceAll('sudo ', '');
    assert(apply);
    await installed.shell(`cp /tmp/example /etc/udev/rules.d/70-probed-uaccess.rules; ${apply}; udevadm settle`);

    assert.match(await udev(installed, DEVICE), /^CURRENT_TAGS=.*:uaccess:/m);
    assert.doesNotMatch(await udev(installed, ROOT_HUB), /uaccess/);
    assert.equal(await owner(installed, DEVICE), 'root:probed 660');
  });
});

/** What udev knows of a device. */
function udev(installed: InstalledPackage, device: string): Promise<string> {
  return installed.shell(`udevadm settle; udevadm info --query=property ${device}`);
}

async function owner(installed: InstalledPackage, device: string): Promise<string> {
  const node = `$(udevadm info --query=property --property=DEVNAME --value ${device})`;
  return (await installed.shell(`stat -c '%U:%G %a' ${node}`)).trim();
}
