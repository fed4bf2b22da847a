import type { World } from '../world.js';

/** Waits for a signal that asks to stop, unless one has come already. */
export async function untilSignalled({ onSignal, signal }: World): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    const listening = onSignal(() => {
      listening[Symbol.dispose]();
      resolve();
    });
  });
}
