import type { World } from '../world.js';
import { runChild } from './child.js';
import { fillIn, type ForwardedProbe } from './pyocd-command.js';

/**
 * Runs a command that is told of the probe, on its command line and by variables of its environment.
 * @returns  its exit code
 * @throws UsageError  NotStartedError
 */
export async function runCommand(given: readonly string[], probe: ForwardedProbe, world: World): Promise<number> {
  const { command, isMissed } = fillIn(given, probe);
  if (isMissed) {
    world.stderr.write(
      'probectl: run: pyocd does not see the probe here, and may take another: write "remote:localhost:{port}" for its -u\n',
    );
  }
  const [program = '', ...args] = command;
  return await runChild([program, ...args], { ...world, env: { ...world.env, ...variablesOf(probe) } });
}

/** PROBED_TARGET is taken away where there is none: that of a `run` around this one is of another probe. */
function variablesOf({ port, uid, target }: ForwardedProbe): Record<string, string | undefined> {
  return { PROBED_PORT: String(port), PROBED_UID: uid, PROBED_TARGET: target };
}
