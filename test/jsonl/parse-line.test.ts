import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeJson } from '../../src/jsonl/encode-json.js';
import { parseLosslessJson } from '../../src/jsonl/lossless-json.js';
import { parseLine } from '../../src/jsonl/parse-line.js';

const parse = (text: string): unknown => parseLine(Buffer.from(text));

/** Bigints made numbers, as JSON.parse makes them. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rounded(member)]));
}

describe('a line of JSON with long integers', () => {
  it("keeps the bits of a stock client's sequences", () => {
    // pyOCD, probe/swj.py: line reset and selection alert.
    assert.deepEqual(parse('[51, 72057594037927935]'), [51, 0xffffffffffffffn]);
    assert.deepEqual(parse('[136, 8757030032190802792567494178692171797247]'), [
      136,
      0x19bc0ea2e3ddafe986852d956209f392ffn,
    ]);
  });

  it('makes a bigint of no integer that a number holds exactly', () => {
    assert.deepEqual(parse('[9007199254740991, 9007199254740992, -9007199254740992, 1, 0]'), [
      9007199254740991,
      9007199254740992n,
      -9007199254740992n,
      1,
      0,
    ]);
  });

  it('leaves fractions, exponents and digits in strings alone', () => {
    assert.deepEqual(
      parse('{"a": 0.12345678901234567, "b": 1e20, "12345678901234567890": "98765432109876543210\\n"}'),
      {
        a: 0.12345678901234567,
        b: 1e20,
        '12345678901234567890': '98765432109876543210\n',
      },
    );
  });

  it('takes the last of equal keys, and __proto__ for a key like any other', () => {
    const value = parse('{"a": 1234567890123456789, "a": 2, "__proto__": {"polluted": 1}}');

    assert(typeof value === 'object' && value !== null);
    assert.deepEqual(Object.entries(value), [
      ['a', 2],
      ['__proto__', { polluted: 1 }],
    ]);
  });

  it('may not be nested without end, nor have integers without end', () => {
    assert.throws(() => parse(`[1234567890123456, ${'['.repeat(100_000)}`), SyntaxError);
    assert.throws(() => parse(`[${'1'.repeat(1_000_000)}]`), SyntaxError);
  });

  it('reads like JSON.parse in everything else', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\t\r\n'), (text, blanks) => {
        // The one intended difference: integers that JSON.parse would round.
        assert.deepEqual(rounded(parseLosslessJson(blanks + text + blanks)), JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const letters = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '1',
      '-',
      '.',
      'e',
      '\\',
      'null',
      'true',
      ' ',
      'u00e9',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        let expected: unknown = SyntaxError;
        try {
          expected = JSON.parse(text);
        } catch {
          assert.throws(() => parseLosslessJson(text), SyntaxError);
          return;
        }
        assert.deepEqual(parseLosslessJson(text), expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('takes a time that grows with its length only', () => {
    const line = Buffer.from(`["${'\\\\'.repeat(500_000)}", ${'1234567890123456789,'.repeat(50_000)} 1]`);

    const value = parseLine(line);

    assert.equal(Array.isArray(value) && value.length, 50_002);
  }).timeout(2000);
});

describe('a line that is no JSON', () => {
  for (const text of [
    '',
    ' ',
    'NaN',
    '{"id": NaN}',
    'Infinity',
    '01',
    '+1',
    "'a'",
    '[1,]',
    '{"a":1,}',
    '1 2',
    '\uFEFF{}',
  ]) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parse(text), SyntaxError);
      assert.throws(() => parse(`${text}, 12345678901234567890`), SyntaxError);
    });
  }

  it('is refused when it is not UTF-8', () => {
    assert.throws(() => parseLine(Buffer.from([0x22, 0xc3, 0x28, 0x22])), /not valid UTF-8/); // RFC 3629, section 3
    assert.throws(() => parseLine(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), /not valid UTF-8/); // a surrogate
  });
});

describe('a value written as JSON', () => {
  it('reads back the same, bigints included', () => {
    const long = fc.bigInt({ min: 2n ** 53n, max: 2n ** 256n });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), long, fc.record({ a: long }))), (value) => {
        assert.deepEqual(
          parse(encodeJson(value)),
          parse(
            JSON.stringify(value, (_k, v: unknown) => (typeof v === 'bigint' ? `a bigint: ${v}` : v)).replace(
              /"a bigint: (\d+)"/g,
              '$1',
            ),
          ),
        );
      }),
    );
  });

  it('has lists for typed arrays', () => {
    assert.equal(encodeJson(Uint32Array.of(0, 0xffffffff)), '[0,4294967295]');
    assert.equal(encodeJson([0, [Uint8Array.of(1), 2n ** 64n - 1n]]), '[0,[[1],18446744073709551615]]');
  });

  it('has null for what JSON cannot say, and no key for undefined', () => {
    assert.equal(encodeJson([NaN, undefined, { a: undefined, b: null }]), '[null,null,{"b":null}]');
  });
});
