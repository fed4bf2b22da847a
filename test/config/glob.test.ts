import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileGlob, escapeGlob, GlobError } from '../../src/config/glob.js';

describe('a glob', () => {
  const cases: readonly [glob: string, fitting: readonly string[], others: readonly string[]][] = [
    ['E661*', ['E661', 'e6616407E3646B29'], ['0E661', 'E66']],
    ['*probe*', ['Debug Probe (CMSIS-DAP)', 'probe'], ['prob']],
    ['2e8a:000?', ['2e8a:000c'], ['2e8a:000', '2e8a:0010', '2e8a:000cc']],
    ['1-[2-4].*', ['1-2.1', '1-4.3.2'], ['1-5.1', '1-2', '1-2x1']],
    ['1-[!2].1', ['1-3.1'], ['1-2.1']],
    ['[]x]', [']', 'x'], ['[']],
    ['[a-]', ['a', '-'], ['b']],
    ['\\*\\[', ['*['], ['x[']],
    ['a**b', ['ab', 'axxb'], ['a']],
    ['?', ['ö', '😀'], ['', 'ab']],
  ];
  for (const [glob, fitting, others] of cases) {
    it(`${glob} fits ${fitting.join(', ')} and not ${others.join(', ')}`, () => {
      const fits = compileGlob(glob);

      assert.deepEqual(fitting.filter(fits), fitting);
      assert.deepEqual(others.filter(fits), []);
    });
  }

  for (const [glob, problem] of [
    ['', /empty/],
    ['[ab', /"\[" has no "\]"/],
    ['[]', /"\[" has no "\]"/],
    ['a\\', /nothing behind/],
    ['[9-0]', /9-0 is backwards/],
  ] as const) {
    it(`"${glob}" is refused with the reason`, () => {
      assert.throws(
        () => compileGlob(glob),
        (error) => error instanceof GlobError && problem.test(error.message),
      );
    });
  }

  it('takes no longer for many stars than for one', () => {
    // A backtracking matcher would need about 10^20 steps for this one.
    assert.equal(compileGlob(`${'*a'.repeat(40)}b`)('a'.repeat(2000)), false);
  });

  it('agrees with a regular expression', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(word, text, (glob, name) => {
        const expression = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        return compileGlob(glob)(name) === expression.test(name);
      }),
    );
  });

  it('can be made to fit one text only', () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => compileGlob(escapeGlob(text))(text)));
    assert.equal(compileGlob(escapeGlob('a*[b]?'))('axb?'), false);
  });
});
