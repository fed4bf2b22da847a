// Who may connect, in a network: a lab host, a developer's machine, and a stranger's, each a namespace of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Disposer } from '../../src/base/disposer.js';
import { switchToSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { codeBlocks } from '../support/markdown.js';
import { addressOf, NetworkLab, talkCommand } from '../support/network-lab.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { ownPrograms } from '../support/programs.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';

const PORT = 5555;
const DPIDR = 0x0bc11477;
const readDpidr = [
  ['hello', 1],
  ['open'],
  ['connect', 'SWD'],
  ...switchToSwd.map((sequence) => ['swj_sequence', ...sequence]),
  ['read_dp', 0],
];
const versions = [4, 6] as const;

describe('probes in a network', function () {
  this.timeout(120_000);
  const disposer = new Disposer();
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  const config = path.join(folder, 'probed.toml');
  const auditFile = path.join(folder, 'audit.jsonl');
  let lab: NetworkLab;
  let daemon: DaemonProcess;

  /** Three probes: for the list of [listen], for nobody, and for the stranger only. */
  function configure(allowRemote: readonly string[], more = ''): void {
    writeFileSync(
      config,
      `[listen]\nfirst_port = ${PORT}\nallow_remote = ${JSON.stringify(allowRemote)}\n` +
        `[audit]\nfile = "${auditFile}"\n${more}` +
        '[[probe]]\nuid = "SIM0002"\nallow_remote = []\n' +
        `[[probe]]\nuid = "SIM0003"\nallow_remote = ["${addressOf('stranger')}"]\n[[simulate]]\ncount = 3\n`,
    );
  }

  async function reload(): Promise<void> {
    const { code, stderr } = await runProbectl(folder, 'reload');
    assert.equal(code, 0, stderr);
  }

  /** Waits for a line of the audit log. It is written soon after its event, and nobody is told. */
  async function audited(line: RegExp): Promise<void> {
    while (!line.test(readFileSync(auditFile, 'utf8'))) await delay(20);
  }

  const developers = ['10.98.2.0/24', 'fd98:2::/64'];

  before(async function () {
    lab = disposer.use(NetworkLab.orSkip(this));
    configure(developers);
    daemon = disposer.use(DaemonProcess.spawn(['--config', config], folder, ownPrograms, { before: lab.on('lab') }));
    await daemon.printed(3);
  });
  afterEach(() => lab.tidy());
  after(async () => {
    await disposer[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const version of versions) {
    it(`are for the machines of the list, and a stranger gets not a byte: IPv${version}`, async () => {
      const host = addressOf('lab', version);
      const [developer] = await lab.talk('developer', host, PORT, readDpidr);
      assert.deepEqual([developer.end, developer.replies.at(-1)?.result], ['done', DPIDR]);
      const [stranger] = await lab.talk('stranger', host, PORT, readDpidr);

      assert.match(stranger.end, /^(ECONNRESET|EPIPE)$/);
      assert.equal(stranger.bytes, 0);
      await daemon.logged(`connection turned away uid=SIM0001 principal=addr:${addressOf('stranger', version)}`);
    });
  }

  it('are for users of the lab host by whichever of its addresses', async () => {
    for (const host of ['127.0.0.1', '::1', addressOf('lab', 4), addressOf('lab', 6)]) {
      const [local] = await lab.talk('lab', host, PORT, readDpidr);
      assert.equal(local.replies.at(-1)?.result, DPIDR, host);
    }
  });

  it('have lists of their own: one is for nobody else and not even listens, one for the stranger only', async () => {
    const endOf = async (machine: 'developer' | 'stranger', port: number): Promise<string> =>
      (await lab.talk(machine, lab.labAddress, port, readDpidr))[0].end;

    assert.deepEqual(
      [await endOf('developer', PORT + 1), await endOf('stranger', PORT + 1)],
      Array(2).fill('ECONNREFUSED'),
    );
    assert.match(await endOf('developer', PORT + 2), /^(ECONNRESET|EPIPE)$/);
    assert.equal(await endOf('stranger', PORT + 2), 'done');
  });

  it('serve 20 clients at once, with strangers knocking', async () => {
    const [four, six, strangers] = await Promise.all([
      lab.talk('developer', addressOf('lab', 4), PORT, readDpidr, 10),
      lab.talk('developer', addressOf('lab', 6), PORT, readDpidr, 10),
      lab.talk('stranger', addressOf('lab', 4), PORT, readDpidr, 100),
    ]);

    assert.deepEqual(
      [...four, ...six].map(({ replies }) => replies.at(-1)?.result),
      Array(20).fill(DPIDR),
    );
    assert.equal(
      strangers.reduce((sum, { bytes }) => sum + bytes, 0),
      0,
    );
  });

  it('drop whoever may not be there any more after a reload, and nobody else, and the audit log says so', async () => {
    const held = await lab.client('developer', PORT, 1, [['open']]);
    await lab.client('lab', PORT, 1, [['open']]);

    configure([addressOf('stranger')]);
    await reload();

    await held.ended;
    const { stdout } = await runProbectl(folder, 'show', 'SIM0001');
    assert.match(stdout, /10\.98\.1\.1:\d+/);
    assert.doesNotMatch(stdout, /10\.98\.2\.1:\d+/);
    await audited(/"dropped","uid":"SIM0001",.*"principal":"addr:10\.98\.2\.1","reason":"probe SIM0001 is not for/);
    assert.equal((await lab.talk('stranger', lab.labAddress, PORT, readDpidr))[0].end, 'done');
    configure(developers);
    await reload();
  });

  it('tell a stranger why not, where the policy is polite', async () => {
    configure(developers, '[access]\nrefusal = "polite"\n');
    await reload();

    const [stranger] = await lab.talk('stranger', lab.labAddress, PORT, [['hello', 1], ['open']]);

    const error = 'probe SIM0001 is not for 10.98.3.1: whoever runs its host decides (allow_remote)';
    assert.deepEqual(
      stranger.replies,
      [0, 1].map((id) => ({ id, status: 1, error })),
    );
    configure(developers);
    await reload();
  });

  it('are kept from strangers, and nothing else is, by the firewall of docs/security.md', async function () {
    const page = readFileSync(path.join(import.meta.dirname, '../../docs/security.md'), 'utf8');
    const [rules] = codeBlocks(page, 'nft');
    const input = rules
      .replace(/(lab4 .* elements = ){.*?}/, '$1{ 10.98.2.0/24 }')
      .replace(/(lab6 .* elements = ){.*?}/, '$1{ fd98:2::/64 }');
    const nft = (args: readonly string[], more = {}): number | null =>
      spawnSync('ip', [...lab.on('lab').slice(1), 'nft', ...args], more).status;
    await using atEnd = new Disposer();
    atEnd.defer(async () => {
      configure(developers);
      await reload();
    });
    configure(['any']);
    await reload();
    if (nft(['-f', '-'], { input }) !== 0) {
      console.log('firewall: NOT RUN (install nftables)');
      this.skip();
    }
    atEnd.defer(() => assert.equal(nft(['flush', 'ruleset']), 0));

    for (const version of versions) {
      const host = addressOf('lab', version);
      assert.equal((await lab.talk('developer', host, PORT, readDpidr))[0].end, 'done', host);
      assert.equal(await lab.knock('stranger', host, PORT), 'silence');
      // Nobody listens there. Over IPv6 it also takes ICMPv6 to find the machine.
      assert.equal(await lab.knock('stranger', host, PORT - 1), 'ECONNREFUSED');
    }
  });

  it('reach a developer over ssh, whose machine is on no list', async function () {
    requireSshd(this);
    configure([]);
    await reload();
    const sshd = disposer.use(await SshServer.start(folder, { address: lab.labAddress, before: lab.on('lab') }));
    // A folder of its own: sockets in the file system are seen from every network namespace.
    const probectl = (...args: string[]): ProbectlProcess =>
      new ProbectlProcess(sshd.folder, args, { before: lab.on('developer'), more: sshd.env });
    const command = talkCommand('127.0.0.1', '{port}', readDpidr);

    const ran = await probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...command).ended;

    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, new RegExp(`"result":${DPIDR}`));
    await audited(/"client-in","uid":"SIM0001",.*"principal":"user:root"/);
  });
});
