import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sshProbe } from '../../../src/cli/remote/ssh-probe.js';
import type { ProbeRow } from '../../../src/control/snapshots.js';
import { FakeDaemon } from '../../control/fake-daemon.js';
import { FakeClock } from '../../support/fake-clock.js';
import { emptyWorld } from '../cli-world.js';

const host = { kind: 'ssh', destination: 'lab', probectl: 'probectl' } as const;

describe('a probe that is reached over ssh', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-ssh-'));
  const asked = path.join(folder, 'asked');
  after(() => rmSync(folder, { recursive: true }));
  /** An ssh that notes what it is run for. It forwards to a probe that says hello, and runs nothing. */
  const ssh = path.join(folder, 'ssh');
  writeFileSync(
    ssh,
    `#!/bin/sh\n[ "$1" = -G ] && exit\necho "$@" >> ${asked}\n[ "$1" = -W ] || exit 127\nread -r line; echo '{"id": 0, "status": 0}'; cat\n`,
  );
  chmodSync(ssh, 0o755);

  /** Connects an hour after the probe was listed. @returns what ssh was run for */
  async function connect(row: ProbeRow, current: () => ProbeRow | undefined): Promise<readonly string[]> {
    writeFileSync(asked, '');
    const clock = new FakeClock();
    const world = emptyWorld('/nowhere', { clock, env: { PATH: `${folder}:${process.env.PATH ?? ''}` } });
    const endpoint = sshProbe(host, row, world, current);
    await clock.advance(3_600_000);
    await endpoint.open(new AbortController().signal).then(
      (stream) => stream.destroy(),
      () => undefined, // of an ssh that runs nothing
    );
    return readFileSync(asked, 'utf8')
      .replace(/ -o \S+/g, '')
      .trim()
      .split('\n');
  }

  it('costs one login where it is known how the probe is, and else one more', async () => {
    const row = { ...new FakeDaemon().rows[0], addresses: ['127.0.0.1:5555'] };
    const forwarding = '-W 127.0.0.1:5555 lab';
    const question = '-T lab probectl dial-stdio';

    assert.deepEqual(await connect(row, () => row), [forwarding]);
    assert.deepEqual(await connect(row, () => undefined), [question]);
    assert.deepEqual(await connect(row, () => ({ ...row, state: 'absent' })), [question]);
  });
});
