import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from './daemon-process.js';
import { freePorts } from './free-port.js';
import type { Programs } from './programs.js';

/** Simulated probes of an installation. */
export const PROBES = 3;

/** The text of a config with simulated probes and ports that are kept. */
function configText(folder: string, first: number, more = ''): string {
  return `[listen]
addresses = ["127.0.0.1"]
first_port = ${first}
[state]
directory = ${JSON.stringify(path.join(folder, 'state'))}
[[simulate]]
count = ${PROBES}
${more}`;
}

/** A folder with a config of three simulated probes, until it is disposed. */
export class Installation implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  readonly file = path.join(this.folder, 'probed.toml');
  readonly state = path.join(this.folder, 'state');

  private constructor(readonly first: number) {
    this.configure('');
  }

  /** One, and the daemon that serves its probes. */
  static async start(programs?: Programs): Promise<{ readonly here: Installation; readonly daemon: DaemonProcess }> {
    const here = await Installation.make();
    return { here, daemon: await here.start(programs) };
  }

  static async make(): Promise<Installation> {
    return new Installation(await freePorts(PROBES));
  }

  configure(more: string): void {
    writeFileSync(this.file, configText(this.folder, this.first, more));
  }

  spawn(programs?: Programs): DaemonProcess {
    return DaemonProcess.spawn(['--config', this.file], this.folder, programs);
  }

  async start(programs?: Programs): Promise<DaemonProcess> {
    const daemon = this.spawn(programs);
    await daemon.printed(PROBES);
    return daemon;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
