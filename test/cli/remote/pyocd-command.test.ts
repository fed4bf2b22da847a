import assert from 'node:assert/strict';
import { fillIn } from '../../../src/cli/remote/pyocd-command.js';
import { UsageError } from '../../../src/cli/report-error.js';

const untargeted = { port: 4000, uid: 'A1' };
const probe = { ...untargeted, target: 'k64f' };

function filled(text: string, of: Parameters<typeof fillIn>[1] = probe): string {
  return fillIn(text.split(' '), of).join(' ');
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
    ['pyocd pack find stm32', 'pyocd pack find stm32'],
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

  for (const own of ['-u X', '-uX', '--uid X', '--probe=X']) {
    it(`may not name another probe: ${own}`, () => assert.throws(() => filled(`pyocd cmd ${own}`), UsageError));
  }
});
