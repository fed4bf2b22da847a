// Where a test takes a hand in the exchange: before a command is executed, and before its answer leaves.

/** What to do to one command. */
export interface PacketHook {
  /** Replaces the command before it is executed. */
  readonly command?: (command: Uint8Array) => Uint8Array;
  /** Replaces the answer; undefined: there will be none. Not called where there is none anyway. */
  readonly answer?: (answer: Uint8Array, command: Uint8Array) => Uint8Array | undefined;
}

interface Entry {
  readonly commandId: number | 'any';
  readonly hook: PacketHook;
  readonly once: boolean;
}

export class PacketHooks {
  readonly #entries: Entry[] = [];
  readonly #waiting: { readonly commandId: number; readonly resolve: () => void }[] = [];

  add(commandId: number | 'any', hook: PacketHook, once: boolean): Disposable {
    const entry: Entry = { commandId, hook, once };
    this.#entries.push(entry);
    return { [Symbol.dispose]: () => this.#remove(entry) };
  }

  /** Resolves when the next such command arrives. */
  received(commandId: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ commandId, resolve }));
  }

  /** A command has arrived. */
  announce(commandId: number): void {
    if (this.#waiting.length === 0) return;
    for (const waiting of this.#waiting.filter((w) => w.commandId === commandId)) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve();
    }
  }

  /** The hook for a command, the oldest first; one for a single command goes with it. */
  take(commandId: number): PacketHook | undefined {
    if (this.#entries.length === 0) return undefined;
    const entry = this.#entries.find((e) => e.commandId === 'any' || e.commandId === commandId);
    if (entry?.once) this.#remove(entry);
    return entry?.hook;
  }

  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }
}
