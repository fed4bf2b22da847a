import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { Emulation } from '../emulation.js';
import { FILES_BEFORE, type InstalledPackage, LIST_FILES, packageScenario } from '../installed-package.js';
import { figure } from '../scenario.js';

const PORTS = [5555, 5556] as const;
/** From the stop of the old daemon to an answer of the new one, in seconds without emulation. */
const UPGRADE_LIMIT = 2;
const CONFIG = '# the administrator was here\n';

describe('the package, upgraded with clients connected', () => {
  packageScenario('is back soon on the same ports, and a downgrade keeps them as well', async (installed) => {
    const { vm } = installed;
    await installed.configure(CONFIG);
    for (const [i, port] of PORTS.entries()) {
      await vm.plug(emulatedProbe({ uid: `OLD${i}` }), i + 1);
      await installed.served(port);
    }
    await installed.shell('probectl rename OLD1 right');

    for (const version of ['next', 'old'] as const) {
      const clients = PORTS.map((port) => installed.readUntilRefused(port));
      await installed.unpack(version);

      for (const end of await Promise.all(clients)) assert.match(end, /status 2|ECONNRESET/);
      // Ready is said when all that is plugged in is served. A client that tried all the time would only slow it down.
      const seconds =
        (await installed.loggedAt(/Started probed\.service/)) - (await installed.loggedAt(/Stopping probed\.service/));
      const emulation = await Emulation.measure(vm);
      figure(`to the ${version} version, from the stop to ready`, emulation.describe(seconds));
      assert.ok(emulation.seconds(seconds) < UPGRADE_LIMIT, emulation.describe(seconds));
      const back = await Promise.all(PORTS.map((port) => installed.served(port)));
      for (const { dpidr } of back) assert.equal(dpidr, DPIDR);
      assert.deepEqual(await probes(installed), ['OLD0 5555', 'OLD1 5556 right']);
      assert.equal(await installed.shell('cat /etc/probed/probed.toml'), CONFIG);
    }
  });
});

describe('the package, taken away', () => {
  packageScenario(
    'leaves config and ports after remove, and its user and what is not its own after purge',
    async (installed) => {
      await installed.vm.plug(emulatedProbe({ uid: 'PURGE1' }), 1);
      await installed.served(PORTS[0]);
      await installed.shell('echo >/etc/probed/mine.toml; systemctl enable probed@mine');

      await installed.shell('dpkg --remove probed');
      await installed.shell(
        'test -f /etc/probed/probed.toml; ls /var/lib/probed | grep .; test -s /var/log/probed/audit.jsonl',
      );
      assert.deepEqual(await installed.processes(), []);
      assert.doesNotMatch(await installed.shell('udevadm settle; stat -c %G /dev/bus/usb/001/*'), /probed/);

      await installed.shell('dpkg --purge probed');
      const differences = await installed.shell(`${LIST_FILES} | diff ${FILES_BEFORE} - | grep '^[<>]' || true`);
      assert.deepEqual(
        differences
          .trim()
          .split('\n')
          .filter((line) => !OTHERS.test(line)),
        ['> /etc/probed', '> /etc/probed/mine.toml'],
      );
      await installed.shell('! test -e /var/log/probed');
      assert.match(await installed.shell('getent passwd probed'), /nologin/);
    },
  );
});

/** What dpkg, apt and the account's tools keep for themselves. */
const OTHERS = /^[<>] \/(var\/(lib|cache)\/(dpkg|apt)\/|etc\/(passwd|shadow|group|gshadow)-$)/;

/** "UID PORT NAME" of all probes. */
async function probes(installed: InstalledPackage): Promise<readonly string[]> {
  const { probes: rows } = await installed.status();
  return rows.map(({ uid, port, name }) => [uid, port, name].join(' ').trim()).sort();
}
