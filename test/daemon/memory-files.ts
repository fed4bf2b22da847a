import path from 'node:path';
import type { StateFiles } from '../../src/daemon/state-files.js';

export type FileOperation = keyof StateFiles;

/**
 * A disk in memory that can lose power: what is on it then is, file by file, what was last synced or what was last
 * written, as it pleases.
 */
export class MemoryFiles implements StateFiles {
  /** What a running program sees. */
  readonly seen = new Map<string, Uint8Array>();
  /** What has been synced together with its name. */
  readonly #synced = new Map<string, Uint8Array>();
  /** Called before each operation; what it throws is the operation's error. */
  onOperation: (operation: FileOperation, file: string) => void = () => undefined;
  #operationsLeft = Infinity;
  operations = 0;

  /** Lets `count` operations through; the one after that is cut in the middle, and nothing happens any more. */
  losePowerAfter(count: number): void {
    this.#operationsLeft = count;
  }

  get hasPower(): boolean {
    return this.#operationsLeft >= 0;
  }

  /** The disk after power is back. */
  restart(keepsLatest: () => boolean): MemoryFiles {
    const next = new MemoryFiles();
    for (const file of new Set([...this.seen.keys(), ...this.#synced.keys()])) {
      const content = (keepsLatest() ? this.seen : this.#synced).get(file);
      if (!content) continue;
      next.seen.set(file, content);
      next.#synced.set(file, content);
    }
    return next;
  }

  async makeDirectory(directory: string): Promise<void> {
    this.#begin('makeDirectory', directory);
  }

  async read(file: string): Promise<Uint8Array | undefined> {
    this.#begin('read', file);
    return this.seen.get(file);
  }

  async write(file: string, content: Uint8Array): Promise<void> {
    try {
      this.#begin('write', file);
    } catch (error) {
      // Cut in the middle, or the disk is full: a part has arrived.
      if (this.hasPower || this.#operationsLeft === -1) this.seen.set(file, content.subarray(0, content.length / 2));
      throw error;
    }
    this.seen.set(file, content);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#begin('rename', from);
    const content = this.seen.get(from);
    if (!content) throw Object.assign(new Error(`ENOENT: ${from}`), { code: 'ENOENT' });
    this.seen.delete(from);
    this.seen.set(to, content);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#begin('syncDirectory', directory);
    for (const file of this.#synced.keys()) if (path.dirname(file) === directory) this.#synced.delete(file);
    for (const [file, content] of this.seen) if (path.dirname(file) === directory) this.#synced.set(file, content);
  }

  #begin(operation: FileOperation, file: string): void {
    this.operations++;
    this.#operationsLeft--;
    if (!this.hasPower) throw new Error('the power is gone');
    this.onOperation(operation, file);
  }
}
