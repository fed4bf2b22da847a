import type { GuestAgent } from './guest-agent.js';
import { bundleForGuest } from './guest-side/bundle.js';

const OPERATIONS = '/run/operations.js';
const BOOT_TIMEOUT_MS = 180_000;

/** Waits for the end of the boot; then the guest gets what the scenarios need: the payload, and the agent's operations. */
export async function setUpGuest(agent: GuestAgent): Promise<void> {
  // Exit code 1 is "degraded", which says a unit has failed: shown with what did.
  const state = await agent.run(['systemctl', 'is-system-running', '--wait'], { timeoutMs: BOOT_TIMEOUT_MS });
  if (state.stdout.trim() !== 'running')
    throw new Error(`the guest is ${state.stdout}${await agent.shell('systemctl --failed')}`);
  await agent.output(['mount', '-o', 'ro', '/dev/vdb', '/opt/payload']);
  await agent.writeFile(OPERATIONS, bundleForGuest('operations'));
  await agent.call('load', { path: OPERATIONS });
}
