import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';

/** Runs one test file with these variables, and ends as it did. */
export async function runSoak(file: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--reporter', 'spec', file];
  const child = spawn(process.execPath, ['--import', 'tsx', ...mocha], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: { ...process.env, ...variables },
    stdio: 'inherit',
  });
  await once(child, 'exit');
  process.exitCode = child.exitCode ?? 1;
}
