import { harmless } from '../colour.js';
import type { CommonOptions, ServiceAction } from '../command-line.js';
import { ExitCode } from '../exit-codes.js';
import { JSON_VERSION } from '../run-control-command.js';
import { chooseThisMachine } from '../remote/host.js';
import type { World } from '../world.js';
import { type Change, makeChanges } from './changes.js';
import { planInstall, planUninstall, requireSystemd } from './plan-service.js';
import { ServiceError } from './service-error.js';
import { type ServiceState, serviceState } from './service-state.js';

export interface ServiceCommand {
  readonly action: ServiceAction;
  readonly dryRun: boolean;
  readonly common: CommonOptions;
}

/** Installs or removes the service, or says how it is. Asks nothing, and prints what it did. */
export async function runService({ action, dryRun, common }: ServiceCommand, world: World): Promise<ExitCode> {
  const { system, service } = world;
  await chooseThisMachine('service', common, world); // another one is refused
  if (!service) throw new ServiceError('the service cannot be looked after from here');
  const { machine } = service;
  await requireSystemd(system.platform, machine);
  if (action === 'status') return printState(await serviceState(service, machine), common, world);

  const changes = action === 'install' ? await planInstall(service, machine) : await planUninstall(machine);
  if (!dryRun && !system.isRoot && changes.length > 0)
    throw new ServiceError(`only root may do that: sudo probectl service ${action} (--dry-run shows what it does)`);
  const print = (change: Change): void => {
    if (!common.json) world.stdout.write(`${harmless(changeText(change, dryRun))}\n`);
  };
  if (dryRun) changes.forEach(print);
  else await makeChanges(changes, machine, print);
  if (common.json) printJson({ done: !dryRun, changes: changes.map((change) => changeText(change, dryRun)) }, world);
  else world.stdout.write(closingText(action, changes.length, dryRun));
  return ExitCode.Ok;
}

function changeText(change: Change, dryRun: boolean): string {
  switch (change.kind) {
    case 'write':
      return `${dryRun ? 'would write' : 'wrote'} ${change.path}`;
    case 'remove':
      return `${dryRun ? 'would remove' : 'removed'} ${change.path}`;
    case 'run':
      return `${dryRun ? 'would run' : 'ran'} ${change.command.join(' ')}`;
  }
}

function closingText(action: ServiceAction, count: number, dryRun: boolean): string {
  if (count === 0) return 'no service is installed: nothing to do\n';
  if (dryRun) return 'nothing was changed\n';
  return action === 'install'
    ? 'the service runs: probectl status. To use it without sudo: sudo usermod -aG probed $USER, then log in again\n'
    : 'kept: /etc/probed (config), /var/lib/probed (which probe has which port), /var/log/probed (audit log), user and group probed\n';
}

function printState(state: ServiceState, common: CommonOptions, world: World): ExitCode {
  const { unit, files, enabled, active } = state;
  if (common.json) printJson(state, world);
  else {
    const lines = files.map(({ path, state: how }) => `${path}: ${how}`);
    if (unit !== undefined) lines.push(`${unit}: of a package of this system`);
    lines.push(`at boot: ${enabled}`, `now: ${active}`);
    world.stdout.write(lines.map((line) => `${harmless(line)}\n`).join(''));
  }
  return active === 'active' ? ExitCode.Ok : ExitCode.Failure;
}

function printJson(result: object, { stdout }: World): void {
  stdout.write(`${JSON.stringify({ version: JSON_VERSION, command: 'service', result }, undefined, 2)}\n`);
}
