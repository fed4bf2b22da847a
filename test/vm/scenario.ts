// How a scenario is written: `scenario('what is seen', async (vm) => …)`. Each gets a guest of its own, just booted.

import { Disposer } from '../../src/base/disposer.js';
import { BootedGuest, type Preparation } from './booted-guest.js';
import type { Vm } from './vm.js';

/** More than any scenario takes on an emulated processor that others use as well. */
const TIMEOUT_MS = 300_000;

let booted: BootedGuest | undefined;
const figures: string[] = [];

/** Mocha calls it before the first scenario. */
export async function mochaGlobalSetup(): Promise<void> {
  booted = await BootedGuest.boot();
}

/** Mocha calls it after the last one. */
export async function mochaGlobalTeardown(): Promise<void> {
  await booted?.[Symbol.asyncDispose]();
  console.log(['', '  figures', ...figures.map((line) => `    ${line}`), ''].join('\n'));
}

/** Notes a figure for the report at the end of the run. */
export function figure(what: string, value: string): void {
  figures.push(`${what}: ${value}`);
}

/** The part of the name by which the short run in CI knows its scenarios. */
export const SHORT = '@short';

/**
 * One thing to see. When it fails, the error shows the journal of the guest and the packets on its USB.
 *
 * @param body  gets the guest, and where to leave what must be undone before the guest ends
 * @param from  what the guest has beyond having booted
 */
export function scenario(
  title: string,
  body: (vm: Vm, undo: Disposer) => Promise<void>,
  timeoutMs = TIMEOUT_MS,
  from?: Preparation,
): void {
  it(title, async function () {
    this.timeout(timeoutMs);
    if (!booted) throw new Error('run with test/vm/mocharc.json');
    await using vm = await booted.restore(from);
    try {
      await using undo = new Disposer();
      await body(vm, undo);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`${text}\n${await vm.describe()}`, { cause: error });
    }
  });
}
