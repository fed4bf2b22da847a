import type { World } from '../world.js';

/** Waits for a signal that asks to stop. */
export async function untilSignalled({ onSignal, signal }: World): Promise<void> {
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    const listening = onSignal(() => {
      listening[Symbol.dispose]();
      resolve();
    });
  });
}
