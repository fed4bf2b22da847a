import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { complete, completionScript } from '../../src/cli/completion.js';
import { type Shell, shells } from '../../src/cli/command-line.js';
import { ControlWorld } from '../control/control-world.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { run } from './cli-world.js';

const probes = [
  { uid: 'A1', name: 'bench', product: 'DAPLink' },
  { uid: 'B2', product: 'Picoprobe' },
];

async function words(...typed: readonly string[]): Promise<readonly string[]> {
  return (await complete(typed, async () => probes)).map(({ word }) => word);
}

describe('completion', () => {
  it('proposes commands, then probes by name and uid, where the command takes one', async () => {
    assert.deepEqual(await words('re'), ['reload', 'rescan', 'reserve', 'release', 'rename']);
    assert.deepEqual(await words('show', ''), ['bench', 'A1', 'B2']);
    assert.deepEqual(await words('kick', 'be'), ['bench']);
    assert.deepEqual(await words('kick', 'A1', ''), []);
    assert.deepEqual(await words('ports', ''), []);
    assert.deepEqual(await words('completion', ''), ['bash', 'zsh', 'fish']);
  });

  it('proposes the options of the command, and passes over those that are given', async () => {
    assert.deepEqual(await words('reload', '--'), ['--now', '--json', '--host', '--socket', '--help']);
    assert.deepEqual(await words('status', '--w'), ['--watch']);
    assert.deepEqual(await words('reserve', '--'), [
      '--for',
      '--as',
      '--reason',
      '--json',
      '--host',
      '--socket',
      '--help',
    ]);
    assert.deepEqual(await words('reserve', '--for', '10m', '--reason', 'tests', 'b'), ['bench']);
    assert.deepEqual(await words('--socket', '/run/s', '--json', 'show', 'b'), ['bench']);
  });

  it('proposes a uid that begins with "-" only where it would be no option', async () => {
    const dashed = async () => [...probes, { uid: '-X1', product: 'DAPLink' }];
    const wordsOf = async (...typed: readonly string[]): Promise<readonly string[]> =>
      (await complete(typed, dashed)).map(({ word }) => word);

    assert.deepEqual(await wordsOf('show', ''), ['bench', 'A1', 'B2']);
    assert.deepEqual(await wordsOf('show', '--', '-'), ['-X1']);
  });

  it('asks the daemon for probes, and proposes none where it does not answer', async () => {
    await using world = await ControlWorld.start();

    assert.deepEqual(await run(world.path, ['__complete', 'show', 'b']), {
      code: 0,
      stdout: 'bench\tDAPLink CMSIS-DAP\n',
      stderr: '',
    });
    assert.deepEqual(await run('/nowhere', ['__complete', 'show', '']), { code: 0, stdout: '', stderr: '' });
  });

  it('keeps nobody behind the Tab key who has PROBED_HOST set to a host that says nothing', async () => {
    await using world = await ControlWorld.empty();
    const ssh = path.join(world.directory, 'ssh');
    await writeFile(ssh, '#!/bin/sh\nexec sleep 600\n');
    await chmod(ssh, 0o755);
    const env = { ...process.env, PATH: `${world.directory}:${process.env.PATH ?? ''}`, PROBED_HOST: 'ssh://lab' };
    const clock = new FakeClock();

    const completed = run('/nowhere', ['__complete', 'show', ''], { env, clock });
    while (clock.pending === 0) await settle();
    await clock.advance(3000);

    assert.deepEqual(await completed, { code: 0, stdout: '', stderr: '' });
  });
});

describe('a completion script', () => {
  for (const shell of shells) {
    it(`for ${shell} is printed, and the shell can read it`, async function () {
      await using world = await ControlWorld.empty();
      const { stdout } = await run('/nowhere', ['completion', shell]);
      assert.equal(stdout, completionScript(shell));
      const file = path.join(world.directory, 'script');
      await writeFile(file, stdout);
      const parsed = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      if (parsed.error) this.skip(); // the shell is not installed

      assert.deepEqual([parsed.status, parsed.stderr], [0, '']);
    });
  }

  /** How each shell is asked for what it would complete, one line for each, without a terminal. */
  const asked: Readonly<Record<Shell, string>> = {
    bash: `${completionScript('bash')}
      COMP_WORDS=(probectl show be); COMP_CWORD=2; _probectl; printf '%s\n' "\${COMPREPLY[@]}"`,
    // compinit and what it defines want a terminal; of what compadd is given, -a names the array of words.
    zsh: `compdef() {}; compadd() { print -l -- \${(P)\${@[-1]}} }
      ${completionScript('zsh')}
      words=(probectl show be); CURRENT=3; _probectl`,
    fish: `${completionScript('fish')}
      complete -C 'probectl show be' | string replace -r '\\t.*' ''`,
  };

  for (const shell of shells) {
    it(`for ${shell} completes the word at the cursor with what probectl says`, async function () {
      await using world = await ControlWorld.empty();
      const fake = path.join(world.directory, 'probectl');
      await writeFile(
        fake,
        '#!/bin/sh\n[ "$*" = "__complete show be" ] && printf "bench\\tDAPLink\\nbench-2\\tPico\\n"\n',
      );
      await chmod(fake, 0o755);
      const env = { ...process.env, PATH: `${world.directory}:${process.env.PATH ?? ''}` };

      const { error, stdout } = spawnSync(shell, ['-c', asked[shell]], { encoding: 'utf8', env });
      if (error) this.skip(); // the shell is not installed

      assert.equal(stdout, 'bench\nbench-2\n');
    });
  }
});
