import { NoDaemonError } from '../control/control-client.js';
import { harmless, paintFor } from './colour.js';
import type { CommonOptions } from './command-line.js';
import type { DaemonAnswer, Finding } from './doctor/check.js';
import { examine } from './doctor/doctor.js';
import { ExitCode } from './exit-codes.js';
import { openClientOf } from './open-client.js';
import { chooseThisMachine, type LocalHost } from './remote/host.js';
import { JSON_VERSION } from './run-control-command.js';
import type { World } from './world.js';

/** Prints what is right and what is wrong, each problem with the command that mends it. */
export async function runDoctor(common: CommonOptions, world: World): Promise<ExitCode> {
  const { system, checkConfig, stdout } = world;
  const daemon = await askDaemon(await chooseThisMachine('doctor', common, world), world);
  const findings = await examine({ system, daemon, ...(checkConfig && { checkConfig }) });
  const problems = findings.filter(({ kind }) => kind === 'problem').length;
  stdout.write(
    common.json
      ? `${JSON.stringify({ version: JSON_VERSION, command: 'doctor', result: { findings } }, undefined, 2)}\n`
      : findingsText(findings, world) + (problems === 0 ? 'nothing is wrong\n' : `problems: ${problems}\n`),
  );
  return problems === 0 ? ExitCode.Ok : ExitCode.Failure;
}

function findingsText(findings: readonly Finding[], { stdout, env }: World): string {
  const paint = paintFor(stdout, env);
  return findings
    .map((finding) =>
      finding.kind === 'fine'
        ? `${paint('green', 'ok')}   ${harmless(finding.what)}\n`
        : `${paint('red', 'bad')}  ${harmless(finding.what)}\n       ${harmless(finding.remedy)}\n`,
    )
    .join('');
}

async function askDaemon(host: LocalHost, world: World): Promise<DaemonAnswer> {
  try {
    await using client = await openClientOf(host, world);
    const status = await client.call('status', {}, world.signal);
    const details = [];
    for (const { uid } of status.probes) details.push(await client.call('show', { probe: uid }, world.signal));
    return { kind: 'answers', status, details };
  } catch (error) {
    if (error instanceof NoDaemonError) return { kind: error.reason, path: error.path };
    throw error;
  }
}
