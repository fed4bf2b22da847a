import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { startSsh } from '../../../src/cli/remote/ssh-process.js';

const host = { kind: 'ssh', destination: 'lab', probectl: 'probectl' } as const;

describe('how long ssh waits for a host that does not answer', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-ssh-'));
  after(() => rmSync(folder, { recursive: true }));

  /** What ssh is run with. @param config  what `ssh -G` prints */
  async function argumentsFor(config: string): Promise<string> {
    const ssh = path.join(folder, 'ssh');
    writeFileSync(ssh, `#!/bin/sh\n[ "$1" = -G ] && printf 'user ada\\n${config}\\nport 22\\n' || echo "$@"\n`);
    chmodSync(ssh, 0o755);
    const child = startSsh(host, ['-T'], ['true'], { PATH: `${folder}:${process.env.PATH ?? ''}` });
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
});
