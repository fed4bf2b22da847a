import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Ran, ServiceMachine } from '../../../src/cli/service/service-machine.js';

const root = path.join(import.meta.dirname, '../../..');

/** A Linux machine with systemd and nothing else; the package is installed in /usr/local/lib/probed. */
export class FakeMachine implements ServiceMachine {
  readonly files = new Map<string, string>();
  readonly commands: string[] = [];
  /** Paths that are there beside the files. */
  readonly others = new Set(['/run/systemd/system']);
  /** What a program that begins so answers; others succeed. */
  readonly answers = new Map<string, Ran>();

  async readText(file: string): Promise<string | undefined> {
    if (file.startsWith('/usr/local/lib/probed/')) return readFileSync(path.join(root, file.slice(22)), 'utf8');
    return this.files.get(file);
  }

  async exists(file: string): Promise<boolean> {
    return this.files.has(file) || this.others.has(file);
  }

  async write(file: string, text: string): Promise<void> {
    this.files.set(file, text);
  }

  async remove(file: string): Promise<void> {
    this.files.delete(file);
  }

  async run(command: readonly string[]): Promise<Ran> {
    const line = command.join(' ');
    this.commands.push(line);
    const answer = [...this.answers].find(([beginning]) => line.startsWith(beginning));
    return answer?.[1] ?? { code: 0, output: '' };
  }
}
