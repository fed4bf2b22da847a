import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultPaths } from '../../src/config/paths.js';

const root = path.join(import.meta.dirname, '../..');
const template = readFileSync(path.join(root, 'packaging/launchd/io.github.probed.plist'), 'utf8');

/** By Python's plistlib, which reads what Apple's own tools read. */
function parse(plist: string): Record<string, unknown> {
  const program = 'import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
  return JSON.parse(execFileSync('python3', ['-c', program], { input: plist, encoding: 'utf8' })) as Record<
    string,
    unknown
  >;
}

describe('the launchd plist', () => {
  before(function () {
    try {
      execFileSync('python3', ['--version'], { stdio: 'ignore' });
    } catch {
      this.skip();
    }
  });

  // Homebrew's prefixes: Apple silicon and Intel.
  for (const [arch, prefix] of [
    ['arm64', '/opt/homebrew'],
    ['x64', '/usr/local'],
  ] as const) {
    it(`runs probed below ${prefix}, where it finds its files`, () => {
      const job = parse(template.replaceAll('@PREFIX@', prefix));

      assert.deepEqual(job.ProgramArguments, [`${prefix}/bin/probed`]);
      assert.equal(job.StandardErrorPath, `${prefix}/var/log/probed.log`);
      const env = job.EnvironmentVariables as Record<string, string>;
      assert.match(env.PATH, new RegExp(`^${prefix}/bin:`));
      const paths = defaultPaths({ platform: 'darwin', arch, env, isRoot: false });
      assert.equal(paths.stateDirectory, `${prefix}/var/lib/probed`);
    });
  }

  it('starts it at once, again after a failure, and lets it stop in order', () => {
    const job = parse(template);

    assert.equal(job.RunAtLoad, true);
    assert.deepEqual(job.KeepAlive, { SuccessfulExit: false });
    assert(Number(job.ExitTimeOut) > 5); // limits.shutdown_grace
    assert.equal(job.Label, 'io.github.probed');
  });
});
