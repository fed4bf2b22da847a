import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { shellWord } from '../../src/base/shell-word.js';

describe('a word for a shell', () => {
  for (const text of [
    'A  B',
    '$(id)',
    '`id`',
    "it's",
    '"x"',
    'a;b&c|d',
    '~',
    '*',
    '[::1]:5555',
    'a\\b',
    'é☃',
    '',
    '-x',
    '!!',
    'a\nb',
  ]) {
    it(`is one, and the same, when it has read it: ${JSON.stringify(text)}`, () => {
      const script = `printf '<%s>' ${shellWord(text)}`;

      assert.equal(execFileSync('sh', ['-c', script], { encoding: 'utf8' }), `<${text}>`);
    });
  }

  it('is left as it is where nobody would read more in it', () => {
    for (const plain of ['E6616407E3646B29', 'ssh://ada@lab.example:22', 'usb-1-2.3', '0d28:0204'])
      assert.equal(shellWord(plain), plain);
  });
});
