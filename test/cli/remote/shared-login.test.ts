import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SharedLogin } from '../../../src/cli/remote/shared-login.js';
import { emptyWorld } from '../cli-world.js';

const host = { kind: 'ssh', destination: 'lab', probectl: 'probectl' } as const;

describe('where ssh lets others in', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-ssh-'));
  after(() => rmSync(folder, { recursive: true }));

  /** With an ssh whose config says so, and that does or does not run as a master already. */
  async function pathOf(config: string, isRunning: boolean, runtimeFolder: string): Promise<string | undefined> {
    const ssh = path.join(folder, 'ssh');
    writeFileSync(ssh, `#!/bin/sh\ncase $1 in -G) echo '${config}';; -O) exit ${isRunning ? 0 : 255};; esac\n`);
    chmodSync(ssh, 0o755);
    const env = { PATH: `${folder}:${process.env.PATH ?? ''}`, XDG_RUNTIME_DIR: runtimeFolder };
    const login = await SharedLogin.on(host, emptyWorld('/nowhere', { env }));
    assert(login);
    login[Symbol.dispose]();
    return login.controlPath;
  }

  it('is in XDG_RUNTIME_DIR, or in another folder where that will not do', async () => {
    const folders = ['with space', 'with%token', 'long'.repeat(20)].map((name) => path.join(folder, name));
    for (const made of folders) mkdirSync(made);

    assert.equal(path.dirname((await pathOf('', false, folder)) ?? ''), folder);
    for (const unfit of ['', 'relative', '/no/such/folder', ...folders])
      assert.equal(path.dirname((await pathOf('', false, unfit)) ?? ''), tmpdir(), unfit);
  });

  it("is where the user's config says, if ssh does it there", async () => {
    const configured = 'controlpath /home/ada/.ssh/lab\ncontrolmaster ';

    assert.equal(await pathOf(`${configured}auto`, false, folder), undefined);
    assert.equal(await pathOf(`${configured}false`, true, folder), undefined);
    assert.match((await pathOf(`${configured}false`, false, folder)) ?? '', /\/probectl-/);
    assert.match((await pathOf('controlmaster auto', false, folder)) ?? '', /\/probectl-/);
  });
});
