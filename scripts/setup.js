// Installs the dependencies when they are missing or older than the lockfile. Run by `npm start` and `npm test`.

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
