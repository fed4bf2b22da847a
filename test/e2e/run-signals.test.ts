// Signals while probectl runs a command: it gets each of them once, wherever it comes from.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { DaemonProcess } from '../support/daemon-process.js';
import { ProbectlProcess, type ProbectlOptions } from '../support/probectl-process.js';

/** Says each signal it gets, and who has started it; SIGTERM ends it. */
const listening = [
  '/bin/sh',
  '-c',
  `trap 'echo signal INT' INT; trap 'echo signal QUIT' QUIT; trap 'echo signal TERM; exit 7' TERM
  echo "parent=$PPID"; while :; do read -r _; done`,
];

/** Runs a command on a terminal of its own: what we type is typed there, and what it shows is printed. */
const onTerminal = ['python3', '-c', 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'];
/** With its output in a pipe; here Ctrl-C is not for the other end of that. */
const intoPipe = [...onTerminal, 'sh', '-c', `trap '' INT QUIT; "$@" | cat`, 'sh'];

const CTRL_C = '\x03';
const CTRL_BACKSLASH = '\x1c';

describe('a command that probectl runs', function () {
  this.timeout(60_000);
  let daemon: DaemonProcess;
  before(async function () {
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) {
      console.log('      there is no python3, which opens a terminal for these tests');
      this.skip();
    }
    daemon = await DaemonProcess.serving(1);
  });
  after(() => daemon[Symbol.asyncDispose]());

  /** @returns  the signals that the command got, up to the SIGTERM with which it is ended */
  async function signalsAfter(
    options: ProbectlOptions,
    send: (probectl: ProbectlProcess, pid: number) => void,
  ): Promise<readonly string[]> {
    const probectl = new ProbectlProcess(daemon.folder, ['run', 'SIM0001', '--', ...listening], options);
    const pid = Number((await probectl.matched(/parent=(\d+)/))[1]);
    send(probectl, pid);
    await probectl.printed('signal ');
    process.kill(pid, 'SIGTERM'); // it is passed on behind all that came before
    const { stdout } = await probectl.ended;
    return Array.from(stdout.matchAll(/signal ([A-Z]+)/g), ([, signal]) => signal);
  }

  for (const [place, before] of [
    ['on a terminal', onTerminal],
    ['on a terminal, with its output in a pipe', intoPipe],
  ] as const) {
    it(`gets Ctrl-C once ${place}`, async () => {
      assert.deepEqual(await signalsAfter({ before }, (probectl) => probectl.type(CTRL_C)), ['INT', 'TERM']);
    });

    it(`gets Ctrl-\\ once ${place}`, async () => {
      assert.deepEqual(await signalsAfter({ before }, (probectl) => probectl.type(CTRL_BACKSLASH)), ['QUIT', 'TERM']);
    });

    it(`gets what only probectl was sent ${place}`, async () => {
      assert.deepEqual(await signalsAfter({ before }, (_, pid) => process.kill(pid, 'SIGINT')), ['INT', 'TERM']);
    });
  }

  it('gets once what its whole process group was sent, without a terminal', async () => {
    assert.deepEqual(await signalsAfter({ isGroup: true }, (probectl) => probectl.killGroup('SIGINT')), [
      'INT',
      'TERM',
    ]);
  });

  it('gets them also where there is no shell to help', async () => {
    const options = { more: { PATH: '/nowhere' } };
    assert.deepEqual(await signalsAfter(options, (_, pid) => process.kill(pid, 'SIGINT')), ['INT', 'TERM']);
  });
});
