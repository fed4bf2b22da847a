import { ServiceError } from './service-error.js';
import type { ServiceMachine } from './service-machine.js';

export type Change =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'run'; readonly command: readonly string[] };

/** Makes changes in order. If one fails, the files are put back as they were. @throws ServiceError */
export async function makeChanges(
  changes: readonly Change[],
  machine: ServiceMachine,
  onDone: (change: Change) => void,
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  for (const change of changes) {
    try {
      await make(change, machine, undo);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw new ServiceError('not done, and all files are as they were before', { cause: error });
    }
    onDone(change);
  }
}

async function make(change: Change, machine: ServiceMachine, undo: (() => Promise<void>)[]): Promise<void> {
  if (change.kind === 'run') {
    const { code, output } = await machine.run(change.command);
    if (code !== 0) throw new ServiceError(`"${change.command.join(' ')}" failed: ${output}`);
    return;
  }
  const { path } = change;
  const before = await machine.readText(path);
  undo.push(() => (before === undefined ? machine.remove(path) : machine.write(path, before)));
  if (change.kind === 'write') await machine.write(path, change.text);
  else await machine.remove(path);
}
