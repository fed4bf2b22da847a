import { ServiceError } from './service-error.js';
import type { ServiceMachine } from './service-machine.js';

export type Change =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'remove'; readonly path: string }
  | {
      readonly kind: 'run';
      readonly command: readonly string[];
      /** What takes it back: another command, or the same one "again" when the files are as they were. */
      readonly undo?: readonly string[] | 'again';
    };

/**
 * Makes changes in order. If one fails, the files are put back as they were, and commands are taken back as far as they
 * say how: then it does not matter whether that succeeds.
 *
 * @throws ServiceError
 */
export async function makeChanges(
  changes: readonly Change[],
  machine: ServiceMachine,
  onDone: (change: Change) => void,
): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  const again: (readonly string[])[] = [];
  for (const change of changes) {
    try {
      if (change.kind === 'run' && change.undo === 'again') again.push(change.command);
      await make(change, machine, undo);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      for (const command of again) await machine.run(command);
      throw new ServiceError('not done, and all files are as they were before', { cause: error });
    }
    onDone(change);
  }
}

async function make(change: Change, machine: ServiceMachine, undo: (() => Promise<unknown>)[]): Promise<void> {
  if (change.kind === 'run') {
    const { undo: reverse } = change;
    if (reverse !== undefined && reverse !== 'again') undo.push(() => machine.run(reverse));
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
