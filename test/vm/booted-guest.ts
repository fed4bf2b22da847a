import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pyocdCommand } from '../support/pyocd.js';
import { guestImage } from './guest-image.js';
import { Machine, type MachineOptions } from './machine.js';
import { buildPayload } from './payload.js';
import { setUpGuest } from './set-up-guest.js';
import { Vm } from './vm.js';

/** What follows is the process that made it. */
const FOLDER = 'probed-vm-';
const SNAPSHOT = 'booted';

/** A state of the guest that several scenarios go on from. It is made by the first of them. */
export interface Preparation {
  readonly name: string;
  readonly prepare: (vm: Vm) => Promise<void>;
}

/** A guest that has booted once. Every `restore` goes on from there: it takes a second, and nothing is left from before. */
export class BootedGuest implements AsyncDisposable {
  readonly #prepared = new Set<string>();

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

  /**
   * One at a time: they share a disk.
   *
   * @param from  what is to be there beyond a guest that has just booted
   */
  async restore(from?: Preparation): Promise<Vm> {
    if (from && !this.#prepared.has(from.name)) await this.#prepare(from);
    return this.#restore(from?.name ?? SNAPSHOT);
  }

  async #restore(snapshot: string): Promise<Vm> {
    return Vm.from(await Machine.start({ ...this.options, snapshot }));
  }

  async #prepare({ name, prepare }: Preparation): Promise<void> {
    await using vm = await this.#restore(SNAPSHOT);
    try {
      await prepare(vm);
    } catch (error) {
      throw new Error(`cannot prepare "${name}":\n${await vm.describe()}`, { cause: error });
    }
    await vm.machine.qmp.monitor(`savevm ${name}`);
    this.#prepared.add(name);
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

/** Reads once what every scenario reads, so that it is in memory. */
async function prepare({ agent, consoleText }: Machine): Promise<void> {
  try {
    await setUpGuest(agent);
    await agent.shell('cd /opt/payload && /opt/vm-agent/node dist/main.js --check-config; sync; udevadm settle');
  } catch (error) {
    throw new Error(`the guest does not boot:\n${consoleText}`, { cause: error });
  }
}
