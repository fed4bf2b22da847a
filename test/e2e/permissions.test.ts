import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DaemonProcess } from '../support/daemon-process.js';
import { Installation, PROBES } from '../support/installation.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { type BundledPrograms, bundledPrograms } from '../support/programs.js';
import { TestClient } from '../support/test-client.js';

let programs: BundledPrograms;
before(() => (programs = bundledPrograms()));
after(() => programs[Symbol.dispose]());

const probectl = ({ folder }: Installation, ...args: readonly string[]) =>
  new ProbectlProcess(folder, args, { programs: programs.own }).ended;
/** The same, run by somebody who is not root. */
const unprivileged = ({ folder }: Installation, ...args: readonly string[]) =>
  new ProbectlProcess(folder, args, { programs: programs.unprivileged }).ended;

/** Makes the files of an installation, and what is made there later, belong to who is not root. */
function giveAway({ folder }: Installation): void {
  const { uid, gid } = programs.unprivileged;
  if (uid === undefined || gid === undefined) return;
  for (const name of readdirSync(folder)) lchownSync(path.join(folder, name), uid, gid);
  chownSync(folder, uid, gid);
}

async function serves({ ports }: DaemonProcess): Promise<void> {
  assert.equal(ports.length, PROBES);
  for (const port of ports) {
    await using client = await TestClient.connect(port);
    assert.equal((await client.request('hello', 1)).status, 0);
  }
}

describe('a user who is not root', () => {
  it('is told when the socket is not for him', async () => {
    using here = await Installation.make();
    await using daemon = await here.start(programs.own);
    chmodSync(here.folder, 0o755);
    chmodSync(path.join(here.folder, 'control.sock'), 0);

    const { code, stderr } = await unprivileged(here, 'status');
    const doctor = await unprivileged(here, 'doctor');

    assert.equal(daemon.ports.length, PROBES);
    assert.equal(code, 1);
    assert.match(stderr, /^probectl: you may not use .*control\.sock: "probectl doctor" says how to get permission\n$/);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /^bad +you may not use .*\n +(sudo usermod -aG \S+ \S+ |set control\.group = )/m);
  });

  it('hears from doctor what is wrong with the config, and that nothing runs', async () => {
    using here = await Installation.make();
    chmodSync(here.folder, 0o755);
    mkdirSync(path.join(here.folder, 'probed'));
    writeFileSync(path.join(here.folder, 'probed/probed.toml'), '[listen]\nfirst_prt = 1\n');

    const { code, stdout } = await unprivileged(
      here,
      ...['doctor', '--socket', path.join(here.folder, 'control.sock')],
    );

    assert.equal(code, 1);
    assert.match(stdout, /bad +.*probed\.toml:2:1: .*first_port/);
    assert.match(stdout, /no daemon answers on/);
  });
});

describe('a daemon whose state directory is read-only', () => {
  it('serves on, says why and what to do, and keeps what changed as soon as it can', async () => {
    using here = await Installation.make();
    mkdirSync(here.state);
    giveAway(here);
    chmodSync(here.state, 0o555);
    await using daemon = await here.start(programs.unprivileged);

    await daemon.logged(' error the port book cannot be written: what changes now is lost when the daemon stops: ');
    assert.match(daemon.stderr, /: EACCES: permission denied.* remedy="make .*state writable for the user/);
    await serves(daemon);
    const { code, stdout } = await probectl(here, 'rename', 'SIM0001', 'bench');
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^SIM0001 is called bench\nonly until the daemon stops: the port book cannot be written: .*EACCES/,
    );

    chmodSync(here.state, 0o755);
    assert.equal((await probectl(here, 'rescan')).code, 0);

    await daemon.logged(' info  the port book is written again');
    const { ports } = daemon;
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    await using later = await here.start(programs.unprivileged);
    assert.deepEqual(later.ports, ports);
    assert.match((await probectl(here, 'show', 'bench')).stdout, /^uid +SIM0001$/m);
  });
});

describe('a daemon whose disk is full', () => {
  it('serves on, says so, loses nothing it had, and writes when there is room', async function () {
    this.timeout(60_000);
    using here = await Installation.make();
    mkdirSync(here.state);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', here.state], { encoding: 'utf8' });
    if (mounted.status !== 0) {
      console.log(`      no small disk to fill: mounting one takes root on Linux: ${mounted.stderr.trim()}`);
      this.skip();
    }
    try {
      {
        await using first = await here.start(programs.own);
        assert.deepEqual(await first.stop(), { code: 0, signal: null });
      }
      const filler = path.join(here.state, 'filler');
      assert.throws(() => writeFileSync(filler, Buffer.alloc(128 * 1024)), { code: 'ENOSPC' });
      await using daemon = await here.start(programs.own);
      await serves(daemon);

      const { code, stdout } = await probectl(here, 'rename', 'SIM0001', 'bench');

      assert.equal(code, 1);
      assert.match(stdout, /only until the daemon stops: the port book cannot be written: .*ENOSPC: no space left/);
      const cannot = / error the port book cannot be written: .*ENOSPC.* remedy="make room on the disk of /g;
      assert.equal(daemon.stderr.match(cannot)?.length, 1);
      assert.match((await probectl(here, 'status')).stdout, /^! the port book .*ENOSPC.*: make room on the disk/m);

      // Killed with nothing but the old book on the disk: that one holds.
      const { ports } = daemon;
      await daemon.stop('SIGKILL');
      await using again = await here.start(programs.own);
      assert.deepEqual(again.ports, ports);
      await probectl(here, 'rename', 'SIM0001', 'bench');
      rmSync(filler);
      await again.logged(' info  the port book is written again'); // by itself
      await again.stop('SIGKILL');
      await using last = await here.start(programs.own);
      assert.deepEqual(last.ports, ports);
      assert.match((await probectl(here, 'show', 'bench')).stdout, /^uid +SIM0001$/m);
      await last.stop();
    } finally {
      spawnSync('umount', [here.state]);
    }
  });
});
