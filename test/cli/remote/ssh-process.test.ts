import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { never } from '../../../src/base/never.js';
import { SharedLogin } from '../../../src/cli/remote/shared-login.js';
import { startSsh } from '../../../src/cli/remote/ssh-process.js';

const host = { kind: 'ssh', destination: 'lab', probectl: 'probectl' } as const;

describe('how long ssh waits for a host that does not answer', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-ssh-'));
  after(() => rmSync(folder, { recursive: true }));

  const env = { PATH: `${folder}:${process.env.PATH ?? ''}` };

  /** What ssh is run with. @param config  what `ssh -G` prints */
  async function argumentsFor(config: string, login?: SharedLogin): Promise<string> {
    const ssh = path.join(folder, 'ssh');
    writeFileSync(ssh, `#!/bin/sh\n[ "$1" = -G ] && printf 'user ada\\n${config}\\nport 22\\n' || echo "$@"\n`);
    chmodSync(ssh, 0o755);
    const child = startSsh({ ...host, ...(login && { login }) }, ['-T'], ['true'], env);
    child.stdin.end();
    return await text(child.stdout);
  }

  it('is 5 s, where the user has not said it', async () => {
    assert.match(await argumentsFor('connecttimeout none'), /^-o ConnectTimeout=5 .* lab true$/m);
  });

  it("is as in the user's config", async () => {
    assert.doesNotMatch(await argumentsFor('connecttimeout 30'), /ConnectTimeout/);
  });

  it('is unlimited where somebody may be typing a password for the way there', async () => {
    for (const way of ['proxyjump gate', 'proxycommand nc gate 22'])
      assert.doesNotMatch(await argumentsFor(`connecttimeout none\\n${way}`), /ConnectTimeout/, way);
  });

  it('is 5 s where another has logged in: nobody is asked anything there, nor is ssh for the config', async () => {
    await argumentsFor('');
    using login = await SharedLogin.on(host, { env, signal: never });

    assert.match(
      await argumentsFor('connecttimeout 30', login),
      /^-o ConnectTimeout=5 .*ControlMaster=no.* lab true$/m,
    );
  });
});
