import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { shellWord } from '../../src/base/shell-word.js';

const texts = [
  ...['A  B', '$(id)', '`id`', "it's", '"x"', 'a;b&c|d', '~', '*', '[::1]:5555', 'é☃', '', '-x', '!!', 'a\nb'],
  ...['a\\b', 'a\\', "\\';id #", '\\\\', '\\n'],
];

describe('a word for a shell', () => {
  for (const shell of ['sh', 'bash', 'zsh', 'fish']) {
    it(`is one, and the same, when it has read it: ${shell}`, function () {
      const script = `printf '<%s>\\0' ${texts.map(shellWord).join(' ')}`;

      const { error, stdout } = spawnSync(shell, ['-c', script], { encoding: 'utf8' });
      if (error) this.skip(); // the shell is not installed

      assert.deepEqual(stdout.split('\0'), [...texts.map((text) => `<${text}>`), '']);
    });
  }

  it('is left as it is where nobody would read more in it', () => {
    for (const plain of ['E6616407E3646B29', 'ssh://ada@lab.example:22', 'usb-1-2.3', '0d28:0204'])
      assert.equal(shellWord(plain), plain);
  });
});
