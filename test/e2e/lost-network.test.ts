// What probectl forward does behind a network that swallows every packet: two namespaces, and a cable that is pulled.

import assert from 'node:assert/strict';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { portOf } from '../support/forwarded-port.js';
import { NetworkLab } from '../support/network-lab.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { ownPrograms } from '../support/programs.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';

/** What users are promised: as soon after what was gone is back, all works again. */
const RECOVERED_MS = 5000;

describe('probectl forward over a network that is lost without a word', function () {
  this.timeout(120_000);
  const disposer = new Disposer();
  let lab: NetworkLab;
  let sshd: SshServer;
  before(async function () {
    requireSshd(this);
    lab = disposer.use(NetworkLab.orSkip(this));
    const before = lab.on('lab');
    const args = ['--port', '0', '--simulate'];
    const daemon = disposer.use(DaemonProcess.spawn(args, undefined, ownPrograms, { before }));
    await daemon.printed(1);
    sshd = disposer.use(await SshServer.start(daemon.folder, { address: lab.labAddress, before }));
  });
  after(() => disposer[Symbol.asyncDispose]());

  it('says that nobody answers, and goes on soon after the network is back', async () => {
    const args = ['forward', '--host', 'ssh://lab', 'SIM0001'];
    const options = { before: lab.on('developer'), more: sshd.env, timeoutMs: 110_000 };
    await using forwarding = new ProbectlProcess(sshd.folder, args, options);
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.matched(/SIM0001 of lab: ready/);

    lab.pullCable();

    await forwarding.matched(/not reachable, trying again: .*connection timed out/i);
    lab.plugCable();
    const back = performance.now();
    await forwarding.matched(/timed out[^]*SIM0001 of lab: ready/i);
    assert.ok(performance.now() - back < RECOVERED_MS);
    const [{ replies }] = await lab.talk('developer', '127.0.0.1', port, [['hello', 1]]);
    assert.equal(replies[0].status, 0);
  });
});
