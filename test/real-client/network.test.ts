// The stock client on another machine: by an allow list, as a stranger, and over ssh. Network namespaces.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { addressOf, type LabMachine, NetworkLab } from '../support/network-lab.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { ownPrograms } from '../support/programs.js';
import { type ClientRun, pyocdCommand, requirePyocd, startProgram } from '../support/pyocd.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';

const PORT = 5555;

describe('the stock pyOCD client in a network', function () {
  this.timeout(180_000);
  const disposer = new Disposer();
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  const config = path.join(folder, 'probed.toml');
  let lab: NetworkLab;

  function configure(more: string): void {
    writeFileSync(
      config,
      `[listen]\nfirst_port = ${PORT}\nallow_remote = ["10.98.2.1", "fd98:2::1"]\n${more}` +
        '[[probe]]\nuid = "SIM0001"\nname = "0001"\ntarget = "cortex_m"\n[[simulate]]\ncount = 1\n',
    );
  }

  before(async function () {
    requirePyocd(this);
    lab = disposer.use(NetworkLab.orSkip(this));
    configure('');
    const daemon = DaemonProcess.spawn(['--config', config], folder, ownPrograms, { before: lab.on('lab') });
    await disposer.use(daemon).printed(1);
  });
  after(async () => {
    await disposer[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const halt = (machine: LabMachine, host = lab.labAddress): Promise<ClientRun> =>
    startProgram('ip', [
      ...lab.on(machine).slice(1),
      ...[pyocdCommand ?? '', 'cmd', '-u', `remote:${host}:${PORT}`, '-t', 'cortex_m', '-c', 'halt', '-c', 'reg pc'],
    ]).finished();

  it('works from a machine of the list', async () => {
    const { code, output } = await halt('developer');

    assert.equal(code, 0, output);
    assert.match(output, /pc = 0x[0-9a-f]{8}/);
  });

  it('ends at once on a stranger’s machine, and says nothing of the probe', async () => {
    const { code, output } = await halt('stranger');

    assert.notEqual(code, 0);
    assert.match(output, /reset by peer/i);
    assert.doesNotMatch(output, /SIM0001|pc = 0x/);
  });

  it('shows a stranger the sentence of a polite refusal', async () => {
    configure('[access]\nrefusal = "polite"\n');
    assert.equal((await runProbectl(folder, 'reload')).code, 0);

    const { output } = await halt('stranger');

    assert.match(output, /probe SIM0001 is not for 10\.98\.3\.1: whoever runs its host decides \(allow_remote\)/);
  });

  it('finds a probe by its name over ssh, from a machine that is on no list', async function () {
    requireSshd(this);
    const sshd = disposer.use(await SshServer.start(folder, { address: addressOf('lab'), before: lab.on('lab') }));
    // What is called pyocd gets its options from probectl.
    const pyocd = path.join(sshd.binFolder, 'pyocd');
    writeFileSync(pyocd, `#!/bin/sh\nexec ${pyocdCommand ?? ''} "$@"\n`, { mode: 0o755 });
    const args = ['run', '--host', 'ssh://lab', '0001', '--', 'pyocd', 'cmd', '-c', 'halt', '-c', 'reg pc'];

    const { code, stdout, stderr } = await new ProbectlProcess(sshd.folder, args, {
      before: lab.on('stranger'),
      more: sshd.env,
    }).ended;

    assert.equal(code, 0, stderr);
    assert.match(stdout, /pc = 0x[0-9a-f]{8}/);
  });
});
