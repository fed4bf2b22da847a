import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const built = ['dist/main.js', 'dist/cli/main.js', 'dist/client/index.d.ts', 'dist/THIRD-PARTY.txt'];
/** What the scripts for packages put there as well. */
const packages = ['dist/deb/probed_0.1.0_amd64.deb', 'dist/npm/probed-0.1.0.tgz', 'dist/test-debs/old.deb'];

describe('the package for npm', () => {
  it('has what was built in it, and not the packages that lie beside', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-npm-'));
    try {
      copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
      for (const file of [...built, ...packages]) {
        mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
        writeFileSync(path.join(folder, file), '');
      }

      const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      });

      const [{ files }] = JSON.parse(printed) as [{ files: readonly { path: string }[] }];
      const names = files.map((file) => file.path).filter((file) => file.startsWith('dist'));
      assert.deepEqual(names.sort(), [...built].sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
