import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pyocdCommand } from '../support/pyocd.js';
import { guestImage } from './guest-image.js';
import { bundleForGuest } from './guest-side/bundle.js';
import { Machine, type MachineOptions } from './machine.js';
import { buildPayload } from './payload.js';
import { Vm } from './vm.js';

/** What follows is the process that made it. */
const FOLDER = 'probed-vm-';
const SNAPSHOT = 'booted';
const OPERATIONS = '/run/operations.js';
const BOOT_TIMEOUT_MS = 180_000;

/** A guest that has booted once. Every `restore` goes on from there: it takes a second, and nothing is left from before. */
export class BootedGuest implements AsyncDisposable {
  private constructor(
    private readonly folder: string,
    private readonly options: MachineOptions,
  ) {}

  /** Builds what is missing, boots, and takes the snapshot: 15 s and more, on an emulated processor. */
  static async boot(): Promise<BootedGuest> {
    removeOrphans();
    const folder = mkdtempSync(path.join(tmpdir(), `${FOLDER}${process.pid}-`));
    try {
      const image = guestImage();
      const options = {
        ...{ folder, image, disk: path.join(folder, 'disk'), payload: path.join(folder, 'payload.img') },
        ...(pyocdCommand !== undefined && { shared: '/' }), // pyOCD is to run in the guest as well
      };
      buildPayload(options.payload, folder);
      const overlay = ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', options.disk];
      execFileSync('qemu-img', overlay);
      await using machine = await Machine.start(options);
      await prepare(machine);
      await machine.qmp.monitor(`savevm ${SNAPSHOT}`);
      return new BootedGuest(folder, options);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** One at a time: they share a disk. */
  async restore(): Promise<Vm> {
    return Vm.from(await Machine.start({ ...this.options, snapshot: SNAPSHOT }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A run that was killed leaves its folder behind, which is half a gigabyte. */
function removeOrphans(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(FOLDER))) {
    const pid = Number.parseInt(name.slice(FOLDER.length), 10);
    if (!existsSync(`/proc/${pid}`)) rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Waits for the end of the boot, and reads once what every scenario reads, so that it is in memory. */
async function prepare({ agent, consoleText }: Machine): Promise<void> {
  try {
    // Exit code 1 is "degraded", which says a unit has failed: shown with what did.
    const state = await agent.run(['systemctl', 'is-system-running', '--wait'], { timeoutMs: BOOT_TIMEOUT_MS });
    if (state.stdout.trim() !== 'running')
      throw new Error(`the guest is ${state.stdout}${await agent.shell('systemctl --failed')}`);
    await agent.shell(
      'mount -o ro /dev/vdb /opt/payload && cd /opt/payload && /opt/vm-agent/node dist/main.js --check-config',
    );
    await agent.writeFile(OPERATIONS, bundleForGuest('operations'));
    await agent.call('load', { path: OPERATIONS });
    await agent.shell('sync; udevadm settle');
  } catch (error) {
    throw new Error(`the guest does not boot:\n${consoleText}`, { cause: error });
  }
}
