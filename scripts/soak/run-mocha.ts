import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';

/** Runs test files with these variables, and ends as they did. */
export async function runSoak(files: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--reporter', 'spec', ...files];
  const child = spawn(process.execPath, ['--import', 'tsx', ...mocha], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: { ...process.env, ...variables },
    stdio: 'inherit',
  });
  await once(child, 'exit');
  process.exitCode = child.exitCode ?? 1;
}
