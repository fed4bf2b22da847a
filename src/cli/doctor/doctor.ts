import { type Check, type CheckContext, type Finding } from './check.js';
import { checkDaemon, checkGroup, checkReported } from './check-daemon.js';
import { checkDevices } from './check-devices.js';
import { checkConfigFile, checkNode, checkUdevRules } from './check-machine.js';
import { checkPorts } from './check-ports.js';

/** All checks, in the order in which problems should be mended. */
const checks: readonly Check[] = [
  checkNode,
  checkConfigFile,
  checkDaemon,
  checkGroup,
  checkUdevRules,
  checkDevices,
  checkPorts,
  checkReported,
];

export async function examine(context: CheckContext): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await check(context)));
  return findings.filter((finding, i) => !repeats(finding, findings.slice(0, i)));
}

/** What the daemon complains about may have been found here as well: then the same command mends both. */
function repeats(finding: Finding, earlier: readonly Finding[]): boolean {
  return (
    finding.kind === 'problem' && earlier.some((other) => other.kind === 'problem' && other.remedy === finding.remedy)
  );
}
