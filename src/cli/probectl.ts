import { abortAfter } from '../base/clock.js';
import { complete, completionScript } from './completion.js';
import { parseCommandLine } from './command-line.js';
import { ExitCode } from './exit-codes.js';
import { openClient } from './open-client.js';
import { accelerate } from './remote/accelerate.js';
import { dialStdio } from './remote/dial-stdio.js';
import { forward } from './remote/forward.js';
import { runWithProbe } from './remote/run.js';
import { reportError } from './report-error.js';
import { runControlCommand } from './run-control-command.js';
import { runList } from './run-list.js';
import { runDoctor } from './run-doctor.js';
import { runService } from './service/run-service.js';
import type { World } from './world.js';

/** Runs probectl. Never throws. @returns what it ends with: an `ExitCode`, or that of the command `run` has run */
export async function probectl(world: World): Promise<number> {
  try {
    // Before yargs sees it: half a command line is no command line.
    if (world.args[0] === '__complete') return await runCompletion(world.args.slice(1), world);
    return await run(world);
  } catch (error) {
    return reportError(error, world);
  }
}

async function run(world: World): Promise<number> {
  const { stdout } = world;
  const line = parseCommandLine(world.args, world.version, Math.min(stdout.columns ?? 80, 100));
  switch (line.action) {
    case 'print':
      stdout.write(line.text);
      return ExitCode.Ok;
    case 'completion':
      stdout.write(completionScript(line.shell));
      return ExitCode.Ok;
    case 'doctor':
      return runDoctor(line.common, world);
    case 'list':
      return runList(line, world);
    case 'run':
      return runWithProbe(line, line.common, world);
    case 'forward':
      return forward(line, line.common, world);
    case 'accelerate':
      return accelerate(line.address, line.port, world);
    case 'dial-stdio':
      return dialStdio(line.probe, line.common, world);
    case 'service':
      return runService({ ...line, action: line.service }, world);
    case 'control':
      return runControlCommand(line.command, line.args, line, world);
  }
}

/** Nobody waits longer behind the Tab key; a login on PROBED_HOST takes a second. */
const COMPLETION_MS = 3000;

/** Completes what it can: where no daemon answers there are no probes to propose, and that is no error. */
async function runCompletion(words: readonly string[], world: World): Promise<ExitCode> {
  const candidates = await complete(words, async () => {
    using patience = abortAfter(COMPLETION_MS, world.clock);
    try {
      await using client = await openClient({}, world);
      return (await client.call('list', {}, AbortSignal.any([world.signal, patience.signal]))).probes;
    } catch {
      return [];
    }
  });
  for (const { word, about } of candidates) world.stdout.write(`${word}\t${about}\n`);
  return ExitCode.Ok;
}
