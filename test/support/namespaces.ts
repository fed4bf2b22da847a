import { execFileSync } from 'node:child_process';

/** Runs ip(8). @returns what it prints */
export function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe', timeout: 10_000 });
}

/**
 * Makes what takes network namespaces. Skips the suite where they cannot be made, and says so: a suite that did not run
 * must not look as if it had.
 */
export function namespacesOrSkip<T>(suite: Mocha.Context, make: () => T): T {
  try {
    return make();
  } catch (error) {
    console.log(`network namespaces: NOT RUN (they take root and iproute2: ${String(error).split('\n')[0]})`);
    return suite.skip();
  }
}
