import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LineSplitter } from '../../src/jsonl/line-splitter.js';

function split(chunks: readonly (string | Buffer)[], maxLineBytes = 100): { lines: string[]; ok: boolean } {
  const lines: string[] = [];
  const splitter = new LineSplitter(maxLineBytes, (line) => lines.push(line.toString()));
  const ok = chunks.every((chunk) => splitter.push(Buffer.from(chunk))) && splitter.end();
  return { lines, ok };
}

describe('a stream of lines', () => {
  it('is cut at LF, with or without CR, and at the end of the stream', () => {
    assert.deepEqual(split(['one\ntwo\r\n\nthree']), { lines: ['one', 'two', '', 'three'], ok: true });
  });

  it('has no line after its last LF', () => {
    assert.deepEqual(split(['one\n']), { lines: ['one'], ok: true });
  });

  it('keeps a CR that is not at the end of a line', () => {
    assert.deepEqual(split(['a\rb\r\r\n']), { lines: ['a\rb\r'], ok: true });
  });

  it('may be cut into chunks anywhere', () => {
    const line = fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, '.'));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(40)), fc.constantFrom('\n', '\r\n'), (lines, sizes, eol) => {
        const bytes = Buffer.from(lines.map((text) => text + eol).join(''));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)));
        chunks.push(bytes.subarray(at));

        assert.deepEqual(split(chunks), { lines, ok: true });
      }),
    );
  });

  it('may have a line of just the limit, in one chunk or several, and none above it', () => {
    assert.equal(split(['12345\r\n'], 5).ok, true);
    assert.equal(split(['123', '45', '\r', '\n'], 5).ok, true);
    assert.equal(split(['12345'], 5).ok, true);
    assert.deepEqual(split(['ok\n123456\n'], 5), { lines: ['ok'], ok: false });
    assert.equal(split(['123456'], 5).ok, false);
    assert.equal(split(['1234567'], 5).ok, false);
  });

  it('is refused while a line that never ends grows past the limit, not after it', () => {
    const splitter = new LineSplitter(1000, () => assert.fail('no line has ended'));
    const chunk = Buffer.alloc(100, 'x');
    const accepted = Array.from({ length: 20 }, () => splitter.push(chunk)).indexOf(false);

    assert.equal(accepted, 10);
  });
});
