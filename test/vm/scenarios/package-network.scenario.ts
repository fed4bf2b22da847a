import assert from 'node:assert/strict';
import { emulatedProbe } from '../emulated-probe.js';
import { type InstalledPackage, packageScenario, until } from '../installed-package.js';
import { figure } from '../scenario.js';

const PORT = 5555;
/** After so long the network forgets one that has said no goodbye. */
const FORGOTTEN_SECONDS = 120;
const DROP_IN = '/etc/systemd/system/probed.service.d/override.conf';
/** What the unit proposes, for this network. */
const FIREWALL = '[Service]\nIPAddressAllow=localhost multicast 10.0.2.0/24\nIPAddressDeny=any\n';
const CLOSED = '[Service]\nIPAddressAllow=localhost\nIPAddressDeny=any\n';

describe('the service of the package, open to other machines', () => {
  packageScenario('tells the network of a probe out of its sandbox: Avahi finds it', async (installed) => {
    const { vm } = installed;
    await installed.systemctl('start', 'avahi-daemon');
    const plugged = await vm.plug(emulatedProbe({ uid: 'NET001' }), 1);
    await installed.served(PORT);
    await installed.shell('probectl rename NET001 left');
    assert.deepEqual(await browse(installed), []); // nobody else may use it yet

    await installed.allowRemote();
    const found = (await until(() => browse(installed), isFound)).find(isResolved) ?? '';
    figure('what Avahi finds of a probe', found);
    assert.match(found, /;IPv4;left\\032on\\032probed-vm;_probed\._tcp;local;.*;10\.0\.2\.15;5555;/);
    assert.match(found, /"uid=NET001"/);

    plugged[Symbol.dispose]();
    await until(() => browse(installed), isGone);
    await vm.plug(emulatedProbe({ uid: 'NET001' }), 2);
    await until(() => browse(installed), isFound);
    await installed.systemctl('stop', 'probed');
    const stopped = await vm.stopwatch.now();
    await until(() => browse(installed), isGone);
    assert((await vm.stopwatch.now()) - stopped < FORGOTTEN_SECONDS, 'it has not said goodbye');
  });

  packageScenario('does so behind the firewall that the unit proposes', async (installed) => {
    const { vm } = installed;
    await installed.systemctl('start', 'avahi-daemon');
    await vm.plug(emulatedProbe({ uid: 'NET001' }), 1);
    await installed.shell(`mkdir ${DROP_IN.replace(/[^/]*$/, '')}`);
    await vm.agent.writeFile(DROP_IN, CLOSED);
    await installed.systemctl('daemon-reload');
    await installed.configure('[listen]\nallow_remote = ["any"]\n');
    await installed.systemctl('restart', 'probed');
    await installed.served(PORT);
    const inGuest = `timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.2.15/${PORT}'`;
    assert.notEqual((await vm.agent.run(['sh', '-c', inGuest])).code, 0); // the firewall is there

    await vm.agent.writeFile(DROP_IN, FIREWALL);
    await installed.systemctl('daemon-reload');
    await installed.systemctl('restart', 'probed');
    await installed.served(PORT);
    await installed.shell(inGuest);
    await until(() => browse(installed), isFound);
  });
});

/**
 * What Avahi, which is not ours, knows at the moment on the network over IPv4: a line with "+" for each service, and one
 * with "=" when it has resolved it.
 */
async function browse(installed: InstalledPackage): Promise<readonly string[]> {
  // It waits for ever for one that goes away while it resolves it.
  const command = 'timeout 20 avahi-browse --resolve --parsable --terminate _probed._tcp || true';
  return (await installed.shell(command)).split('\n').filter((line) => /^[+=];eth0;IPv4;/.test(line));
}

const isResolved = (line: string): boolean => line.startsWith('=');
const isFound = (lines: readonly string[]): boolean => lines.some(isResolved);
const isGone = (lines: readonly string[]): boolean => lines.length === 0;
