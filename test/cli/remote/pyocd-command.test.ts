import assert from 'node:assert/strict';
import { fillIn } from '../../../src/cli/remote/pyocd-command.js';
import { UsageError } from '../../../src/cli/report-error.js';

const untargeted = { port: 4000, uid: 'A1' };
const probe = { ...untargeted, target: 'k64f' };

function filled(text: string, of: Parameters<typeof fillIn>[1] = probe): string {
  return fillIn(text.split(' '), of).command.join(' ');
}

describe('the command that run starts', () => {
  for (const [given, expected] of [
    ['pyocd cmd -c status', 'pyocd cmd -u remote:localhost:4000 -t k64f -c status'],
    ['/opt/bin/pyocd flash a.elf', '/opt/bin/pyocd flash -u remote:localhost:4000 -t k64f a.elf'],
    ['pyocd gdb -t stm32f051', 'pyocd gdb -u remote:localhost:4000 -t stm32f051'],
    ['pyocd gdb -tstm32f051', 'pyocd gdb -u remote:localhost:4000 -tstm32f051'],
    ['pyocd gdb --target=x', 'pyocd gdb -u remote:localhost:4000 --target=x'],
    ['python3 -m pyocd rtt', 'python3 -m pyocd rtt -u remote:localhost:4000 -t k64f'],
    ['python3 -X dev -m pyocd rtt', 'python3 -X dev -m pyocd rtt -u remote:localhost:4000 -t k64f'],
    ['pyocd server -p 5555', 'pyocd server -u remote:localhost:4000 -p 5555'], // it has no -t
    ['pyocd cmd -t {target}', 'pyocd cmd -u remote:localhost:4000 -t k64f'],
    ['pyocd gdb --probe-server -R 1', 'pyocd gdb -u remote:localhost:4000 -t k64f --probe-server -R 1'],
    ['pyocd -v cmd', 'pyocd -v cmd -u remote:localhost:4000 -t k64f'],
    ['/tmp/pyocd.sh cmd', '/tmp/pyocd.sh cmd -u remote:localhost:4000 -t k64f'],
    ['uv run pyocd erase --chip', 'uv run pyocd erase -u remote:localhost:4000 -t k64f --chip'],
    ['uv run --with pyocd pyocd reset', 'uv run --with pyocd pyocd reset -u remote:localhost:4000 -t k64f'],
    ['sudo -E python3 -m pyocd load x', 'sudo -E python3 -m pyocd load -u remote:localhost:4000 -t k64f x'],
    ['pyocd pack find run', 'pyocd pack find run'],
    ['pyocd --version', 'pyocd --version'],
    ['python3 -m http.server', 'python3 -m http.server'],
    ['west flash --probe {port} {uid}', 'west flash --probe 4000 A1'],
    ['pyocd cmd -u remote:localhost:{port} -t {target}', 'pyocd cmd -u remote:localhost:4000 -t k64f'],
    ['make flash', 'make flash'],
  ] as const) {
    it(`is told of the probe: ${given}`, () => assert.equal(filled(given), expected));
  }

  it('is told no target where nobody knows one', () => {
    assert.equal(filled('pyocd cmd', untargeted), 'pyocd cmd -u remote:localhost:4000');
    assert.throws(() => filled('x {target}', untargeted), /no target is configured for probe A1/);
  });

  // As argparse understands them: abbreviated, and behind flags of one letter.
  for (const own of ['-u X', '-uX', '--uid X', '--probe=X', '-u {uid}', '--ui X', '--prob=X', '-Wu X', '-vvuX']) {
    it(`may not name another probe: ${own}`, () => {
      assert.throws(() => filled(`pyocd cmd ${own}`), UsageError);
      assert.throws(() => filled(`uv run pyocd cmd ${own}`), UsageError);
    });
  }

  it('may not name another probe to erase', () => assert.throws(() => filled('pyocd erase -cu X'), UsageError));
});

describe('a command with pyocd somewhere inside', () => {
  const isMissed = (...command: string[]): boolean => fillIn(command, probe).isMissed;

  for (const command of [
    ['west', 'flash', '-r', 'pyocd'],
    ['west', 'flash', '--runner=pyocd', '--dev-id', '{uid}'],
    ['sh', '-c', 'cd build && pyocd flash app.elf'],
    ['pyocd', 'trace'],
  ]) {
    it(`is known not to be told of the probe: ${command.join(' ')}`, () => assert(isMissed(...command)));
  }

  for (const command of [
    ['pyocd', 'cmd'],
    ['west', 'flash', '-r', 'pyocd', '--dev-id', 'remote:localhost:{port}'],
    ['sh', '-c', 'pyocd flash -u remote:localhost:$PROBED_PORT app.elf'],
    ['uv', 'run', 'pyocd', '-q', 'pack', 'find', 'stm32'],
    ['pyocd', 'list'],
    ['python3', '-m', 'pyocd', '--version'],
    ['make', 'flash'],
    ['gdb-multiarch', '/home/ada/pyocd/app.elf'],
  ]) {
    it(`has nothing to be told: ${command.join(' ')}`, () => assert(!isMissed(...command)));
  }
});
