import assert from 'node:assert/strict';
import fc from 'fast-check';
import { defaultLimits } from '../../src/server/limits.js';
import { waysIn } from '../support/way-in.js';
import { TestServer } from './test-server.js';

/** docs/protocol.md, "Malformed requests": what is sent, the id of the reply, and what its text says. */
const rows: readonly (readonly [what: string, line: string | Buffer, id: unknown, error: RegExp])[] = [
  ['an empty line', '', -1, /^invalid request format/],
  ['blanks', '  \t', -1, /^invalid request format/],
  ['no JSON', 'hello', -1, /^invalid request format/],
  ['a list', '[1]', -1, /^invalid request format: must be a JSON object/],
  ['a number', '1', -1, /^invalid request format: must be a JSON object/],
  ['null', 'null', -1, /^invalid request format: must be a JSON object/],
  ['half an object', '{"id": 1', -1, /^invalid request format/],
  ['NaN', '{"id": NaN, "request": "open"}', -1, /^invalid request format/],
  ['no UTF-8', Buffer.from('{"id": 1, "request": "\xff"}', 'latin1'), -1, /not valid UTF-8/],
  ['UTF-16', Buffer.from('{"id": 1}', 'utf16le'), -1, /^invalid request format/],
  ['no id', '{"request": "open"}', -1, /^missing request ID/],
  ['an id past all numbers', '{"id": 1e999, "request": "open"}', -1, /^invalid request ID/],
  ['an id nested too deeply', `{"id": ${'['.repeat(99999)}${']'.repeat(99999)}}`, -1, /^invalid request ID/],
  ['no request', '{"id": 5}', 5, /^missing request field/],
  ['an unknown request', '{"id": 5, "request": "opne"}', 5, /^unknown request type: opne$/],
  ['a request named like a method', '{"id": 5, "request": "toString"}', 5, /^unknown request type/],
  ['a request that is a list', '{"id": 5, "request": ["open"]}', 5, /^unknown request type: must be a string/],
  ['a request that is null', '{"id": 5, "request": null}', 5, /^unknown request type: must be a string/],
  [
    'arguments that are null',
    '{"id": 5, "request": "open", "arguments": null}',
    5,
    /^invalid request arguments format/,
  ],
  ['arguments by name', '{"id": 5, "request": "open", "arguments": {}}', 5, /^invalid request arguments format/],
  ['too many arguments', '{"id": 5, "request": "open", "arguments": [1]}', 5, /^open: takes no arguments, got 1$/],
  ['too few arguments', '{"id": 5, "request": "read_dp"}', 5, /^read_dp: takes 1 argument \(address\), got 0$/],
  [
    'a wrong type',
    '{"id": 5, "request": "read_dp", "arguments": ["0"]}',
    5,
    /^read_dp: argument 1 \(address\) must be/,
  ],
];

for (const way of waysIn) {
  describe(`a malformed request, sent ${way}`, () => {
    for (const [what, line, id, error] of rows) {
      it(`is answered with status 1 and a reason, and the connection stays: ${what}`, async () => {
        await using test = await TestServer.reached(way);
        await using client = await test.client();
        client.send(line);
        client.send('\n');
        const reply = await client.reply();

        assert.deepEqual({ ...reply, error: '' }, { id, status: 1, error: '' });
        assert.match(reply.error ?? '', error);
        assert.equal((await client.request('open')).status, 0);
      });
    }
  });

  describe(`the id of a request, sent ${way}`, () => {
    const ids = [
      '0',
      '-7',
      '"x"',
      'null',
      '1.5',
      '{"a": [1, null]}',
      '18446744073709551617',
      '[12345678901234567890]',
      '"ü€\u{1f600}"',
    ];
    for (const id of ids) {
      it(`comes back as it was: ${id}`, async () => {
        await using test = await TestServer.reached(way);
        await using client = await test.client();
        client.send(`{"id": ${id}, "request": "hello", "arguments": [1]}\n`);

        assert.equal(await client.nextLine(), `{"id": ${id.replace(/(?<=[,:]) /g, '')}, "status": 0}`);
      });
    }
  });

  describe(`lines as other clients may write them, sent ${way}`, () => {
    it('may end in CRLF, have blanks around, further keys, and doubled keys, of which the last counts', async () => {
      await using test = await TestServer.reached(way);
      await using client = await test.client();
      client.send('  {"id": 1, "id": 2, "method": "x", "request": "read_dp", "arguments": [ 12 ] }  \r\n');

      assert.deepEqual(await client.reply(), { id: 2, status: 0, result: 0x0bc11477 });
      assert.deepEqual(test.lease.calls, [['readDp', 12]]);
    });
  });

  describe(`random lines in random pieces, sent ${way}`, () => {
    it('get exactly one reply each, in order, and never end the connection', async () => {
      await using test = await TestServer.reached(way);
      const json = fc.json({ maxDepth: 3 });
      const request = fc
        .record(
          {
            id: fc.oneof(
              fc.integer(),
              fc.string(),
              fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }).map((n) => `#${n}#`),
            ),
            request: fc.oneof(fc.constantFrom('hello', 'read_dp', 'swj_sequence', 'open', 'swd_sequence'), fc.string()),
            arguments: fc.array(fc.oneof(fc.integer(), fc.string(), fc.jsonValue({ maxDepth: 2 })), { maxLength: 3 }),
          },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value).replace(/"#(\d+)#"/g, '$1'));
      const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
      const line = fc.oneof(json, request, bytes).map((text) => Buffer.from(text.replace(/[\r\n]/g, ' '), 'latin1'));

      await fc.assert(
        fc.asyncProperty(
          fc.array(line, { maxLength: 12 }),
          fc.array(fc.nat(60), { maxLength: 12 }),
          async (lines, cuts) => {
            await using client = await test.client();
            const mark = '{"id": "mark", "request": "hello", "arguments": [1]}\n';
            const LF = Buffer.from('\n');
            // The mark comes first, so that no random line can pass for another protocol, and last, to see that all is there.
            const stream = Buffer.concat([
              Buffer.from(mark),
              ...lines.flatMap((each) => [each, LF]),
              Buffer.from(mark),
            ]);
            let at = 0;
            for (const cut of cuts) client.send(stream.subarray(at, (at += cut)));
            client.send(stream.subarray(at));

            const replies = [];
            for (let i = 0; i < lines.length + 2; i++) replies.push(await client.reply());
            assert.deepEqual(replies.at(0), { id: 'mark', status: 0 });
            assert.deepEqual(replies.at(-1), { id: 'mark', status: 0 });
            assert.ok(replies.every(({ status }) => status === 0 || status === 1));
            assert.equal(client.rest, '');
          },
        ),
        { numRuns: 150 },
      );
      assert.deepEqual(test.crashes, []);
    });
  });

  describe(`a line over the limit, sent ${way}`, () => {
    it('of 10 MB resets the connection, and nobody else notices', async () => {
      await using test = await TestServer.reached(way);
      await using other = await test.client();
      await other.request('hello', 1);
      await using client = await test.client();
      client.send(Buffer.alloc(10_000_000, '1'));
      client.send('\n{"id": 1, "request": "open"}\n');

      assert.match(await client.end(), /ECONNRESET|EPIPE/);
      assert.deepEqual(
        test.leases.flatMap(({ calls }) => calls),
        [],
      );
      assert.equal((await other.request('hello', 1)).status, 0);
    });

    it('that never ends resets the connection while it grows', async () => {
      await using test = await TestServer.reached(way);
      await using client = await test.client();
      const chunk = Buffer.alloc(64 * 1024, ' ');
      let sent = 0;
      const send = (): void => {
        client.socket.write(chunk, (error) => {
          if (error || sent >= 64 * 1024 * 1024) return;
          sent += chunk.length;
          send();
        });
      };
      send();

      assert.match(await client.end(), /ECONNRESET|EPIPE/);
      assert.ok(sent < 2 * defaultLimits.maxLineBytes + 16 * 1024 * 1024, `it could send ${sent} bytes`);
    });

    it('of a little less is a request like any other', async () => {
      await using test = await TestServer.reached(way);
      await using client = await test.client();
      client.send(`{"id": 1, "request": "hello", "arguments": [1], "pad": "${'x'.repeat(8_300_000)}"}\n`);

      assert.deepEqual(await client.reply(), { id: 1, status: 0 });
    });
  });
}
