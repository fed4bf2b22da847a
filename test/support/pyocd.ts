import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The command that runs the stock pyOCD client, or undefined: then its tests cannot run. */
export const pyocdCommand = process.env.PYOCD;

export interface ClientRun {
  readonly code: number | null;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

/** Runs the stock client. */
export async function pyocd(...args: readonly string[]): Promise<ClientRun> {
  const client = spawn(pyocdCommand ?? 'pyocd', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [client.stdout, client.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  await once(client, 'close');
  return { code: client.exitCode, output };
}

/** Runs commands in the stock client's commander, connected to a served probe. */
export function commander(port: number, commands: readonly string[], ...args: readonly string[]): Promise<ClientRun> {
  return pyocd(
    'cmd',
    '-u',
    `remote:localhost:${port}`,
    '-t',
    'cortex_m',
    ...args,
    ...commands.flatMap((c) => ['-c', c]),
  );
}
