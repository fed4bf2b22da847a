import assert from 'node:assert/strict';
import type { Disposer } from '../../src/base/disposer.js';
import { sleep, systemClock } from '../../src/base/clock.js';
import type { Status } from '../../src/control/snapshots.js';
import { connectSwd } from '../support/connect-swd.js';
import { TestClient } from '../support/test-client.js';
import type { Preparation } from './booted-guest.js';
import { TEST_PACKAGES } from './payload.js';
import { scenario } from './scenario.js';
import type { Served } from './stopwatch.js';
import type { Vm } from './vm.js';

/** What an emulated processor may need for anything that is done to the service. */
export const PATIENCE_MS = 240_000;
const DPKG_TIMEOUT_MS = 480_000;
const TIMEOUT_MS = 900_000;
const LOOK_MS = 200;
const UNIT = 'probed.service';
const SOCKET = '/run/probed/control.sock';
const CONFIG = '/etc/probed/probed.toml';
/** Where the guest's files stand before anything is installed. */
export const FILES_BEFORE = '/root/files-before';
/** All files but those of the moment, and of the tests. */
export const LIST_FILES = `find / -xdev \\( -path /opt -o -path /tmp -o -path /root -o -path /var/log \\) -prune -o -print | sort`;

/** A scenario on a guest where the package has been installed by apt, and its service runs. */
export function packageScenario(
  title: string,
  body: (installed: InstalledPackage, undo: Disposer) => Promise<void>,
): void {
  scenario(title, (vm, undo) => body(new InstalledPackage(vm), undo), TIMEOUT_MS, installation);
}

export const installation: Preparation = {
  name: 'installed',
  async prepare({ agent }) {
    await agent.shell(`[ -e ${PACKAGES}/old.deb ] || { echo "not built: scripts/build-test-debs"; exit 1; }`);
    await forgetProbed({ agent });
    await agent.shell(`${LIST_FILES} >${FILES_BEFORE}`);
    // Not a single list of packages is there: what is not in the package or in Debian's base system would be missed.
    await agent.output(['apt-get', 'install', '--yes', `${PACKAGES}/old.deb`], { timeoutMs: DPKG_TIMEOUT_MS });
    // The first line names the Node that runs it.
    const [packaged, built] = ['/usr/lib/probed', '/opt/payload'].map((at) => `tail -n +2 ${at}/dist/main.js | md5sum`);
    const look = `[ "$(${packaged})" = "$(${built})" ] || { echo "not of this build: scripts/build-test-debs"; exit 1; }`;
    await agent.shell(look);
  },
};

const PACKAGES = `/opt/payload/${TEST_PACKAGES}`;

/** Takes away what the image has for tests of the daemon alone: the guest is one that has never seen probed, or Node. */
export async function forgetProbed({ agent }: Pick<Vm, 'agent'>): Promise<void> {
  await agent.shell('rm /etc/udev/rules.d/*probed*; udevadm control --reload; userdel probed');
  await agent.shell('! getent passwd probed && ! getent group probed && ! command -v node');
}

/** The .deb in a guest, and the service of it. */
export class InstalledPackage {
  constructor(readonly vm: Vm) {}

  /** Where the guest has one of the two versions. */
  packageFile(version: 'old' | 'next'): string {
    return `${PACKAGES}/${version}.deb`;
  }

  /** Puts one of the two versions over the other. */
  async unpack(version: 'old' | 'next'): Promise<void> {
    await this.vm.agent.output(['dpkg', '--install', this.packageFile(version)], { timeoutMs: DPKG_TIMEOUT_MS });
  }

  /** @returns what a shell script printed. @throws Error  if it fails */
  shell(script: string): Promise<string> {
    return this.vm.agent.shell(script, { timeoutMs: PATIENCE_MS });
  }

  systemctl(...args: readonly string[]): Promise<string> {
    return this.vm.agent.output(['systemctl', ...args], { timeoutMs: PATIENCE_MS });
  }

  status(): Promise<Status> {
    return this.vm.agent.call('control', { socket: SOCKET, command: 'status' }) as Promise<Status>;
  }

  /** A property of the unit. */
  async show(property: string): Promise<string> {
    return (await this.systemctl('show', '--value', '-p', property, UNIT)).trim();
  }

  async pid(): Promise<number> {
    return Number(await this.show('MainPID'));
  }

  /** Pids of all that runs as the service's user. */
  async processes(): Promise<readonly number[]> {
    const pids = await this.shell(
      'for p in /proc/[0-9]*; do [ "$(stat -c %U $p 2>&1)" != probed ] || echo ${p#/proc/}; done',
    );
    return pids.split('\n').filter(Boolean).map(Number);
  }

  configure(text: string): Promise<void> {
    return this.vm.agent.writeFile(CONFIG, text);
  }

  /** Lets clients on the host in. */
  async allowRemote(): Promise<void> {
    await this.configure('[listen]\nallow_remote = ["any"]\n');
    await this.systemctl('reload', UNIT);
  }

  /** When a probe answers a client in the guest. One that is just ending, or being started, is asked again. */
  served(port: number): Promise<Served> {
    return retry(() => this.vm.stopwatch.untilServed(port, PATIENCE_MS));
  }

  /** A client in the guest that reads until it cannot any more. @returns how it ended */
  readUntilRefused(port: number): Promise<string> {
    return this.vm.stopwatch.untilRefused(port, PATIENCE_MS).then(
      ({ status, reads }) => `status ${status} after ${reads} reads`,
      (error: unknown) => String(error),
    );
  }

  /** Reads DPIDR from the host, through the guest's network. */
  readFromHost(port: number): Promise<unknown> {
    return retry(async () => {
      await using client = await TestClient.connect(await this.vm.forward(port));
      await client.result('open');
      return await connectSwd(client);
    });
  }

  /** The service's log of this boot, seconds of the monotonic clock before each line. */
  log(): Promise<string> {
    return this.shell(`journalctl --no-pager --boot --output short-monotonic --unit ${UNIT}`);
  }

  /** When the last such line was logged, in seconds of the monotonic clock. */
  async loggedAt(text: RegExp): Promise<number> {
    const lines = (await this.log()).split('\n').filter((line) => text.test(line));
    const at = /^\[ *([\d.]+)\]/.exec(lines.at(-1) ?? '')?.[1];
    assert(at !== undefined, `nothing in the log matches ${String(text)}`);
    return Number(at);
  }
}

/** Looks until it sees what it looks for. @throws Error  with what it saw last */
export async function until<T>(look: () => Promise<T>, isSeen: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (isSeen(seen)) return seen;
    assert(performance.now() < deadline, `not so after ${PATIENCE_MS} ms: ${String(isSeen)}; seen: ${String(seen)}`);
    await sleep(systemClock, LOOK_MS);
  }
}

/** Tries again what met a daemon that is not there, or not yet open to others. */
async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline || !/ECONNRE|closed/.test(String(error))) throw error;
    }
    await sleep(systemClock, LOOK_MS);
  }
}
