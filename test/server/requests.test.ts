import assert from 'node:assert/strict';
import { RequestError, UnsupportedError } from '../../src/base/errors.js';
import type { DaemonError } from '../../src/base/errors.js';
import { TransferError, TransferFaultError, TransferTimeoutError } from '../../src/dap/errors.js';
import { describeSchema } from '../../src/jsonl/schema.js';
import { ProbeAccessError, ProbeBusyError, ProbeDisconnectedError, ProbeError } from '../../src/probe/errors.js';
import { probeRequests } from '../../src/server/probe-requests.js';
import type { Reply } from '../support/test-client.js';
import { TestServer } from './test-server.js';

/** One request, alone on a connection; `prepare` may set what the lease answers. */
async function ask(
  name: string,
  given: readonly unknown[] = [],
  prepare: (lease: TestServer['lease']) => void = () => undefined,
): Promise<{ reply: Reply; calls: readonly unknown[][] }> {
  await using test = await TestServer.start();
  await using client = await test.client();
  await client.request('hello', 1);
  prepare(test.lease);
  // bigints as digits, as Python would write them
  const args = JSON.stringify(given, (_key, value: unknown) => (typeof value === 'bigint' ? `#${value}#` : value));
  client.send(`{"id": 7, "request": "${name}", "arguments": ${args.replace(/"#(\d+)#"/g, '$1')}}\n`);
  return { reply: await client.reply(), calls: test.lease.calls };
}

const done = { id: 7, status: 0 };

/** Requests as pyOCD's remote client sends them, what must reach the lease, and the reply. */
const rows: readonly (readonly [name: string, args: readonly unknown[], call: readonly unknown[], result?: unknown])[] =
  [
    ['open', [], ['open']],
    ['close', [], ['close']],
    ['lock', [], ['lock']],
    ['unlock', [], ['unlock']],
    ['connect', ['DEFAULT'], ['connect', 'DEFAULT']],
    ['connect', ['JTAG'], ['connect', 'JTAG']],
    ['disconnect', [], ['disconnect']],
    ['set_clock', [1000000], ['setClock', 1000000]],
    ['set_clock', [4500000.4], ['setClock', 4500000]],
    ['reset', [], ['reset']],
    ['assert_reset', [true], ['setReset', true]],
    ['assert_reset', [0], ['setReset', false]], // pyOCD, target_STM32H743xx.py
    ['is_reset_asserted', [], ['readReset'], false],
    // pyOCD, swj.py: the line reset is 51 bits of a 56-bit number
    ['swj_sequence', [51, 0xffffffffffffffn], ['swjSequence', { lengthBits: 51, bits: 0x7ffffffffffffn }]],
    [
      'swj_sequence',
      [136, 0x19bc0ea2e3ddafe986852d956209f392ffn],
      ['swjSequence', { lengthBits: 136, bits: 0x19bc0ea2e3ddafe986852d956209f392ffn }],
    ],
    ['flush', [], ['flush']],
    ['read_dp', [0], ['readDp', 0], 0x0bc11477],
    ['write_dp', [4, 0x50000f00], ['writeDp', 4, 0x50000f00]],
    ['read_ap', [0x010000fc], ['readAp', 0x010000fc, 1], 0x0bc11477],
    ['write_ap', [0, 0xa3000052], ['writeAp', 0, [0xa3000052]]],
    ['read_ap_multiple', [12, 1], ['readAp', 12, 1], [0x0bc11477]],
    ['write_ap_multiple', [12, [1, 0xffffffff]], ['writeAp', 12, [1, 0xffffffff]]],
    // Recorded from `pyocd load` (test target stm32f051): the client leaves the cut to 32 bits to the server.
    ['write_ap_multiple', [12, [8589934602, 8590000138]], ['writeAp', 12, [0x0000000a, 0x0001000a]]],
    ['get_memory_interface_for_ap', [1, 0], ['memoryHandle', 1, 0]],
    ['swo_start', [115200], ['swoStart', 115200]],
    ['swo_stop', [], ['swoStop']],
    ['swo_read', [], ['swoRead'], [0x68, 0x69]],
  ];

describe('a request of a stock client', () => {
  for (const [name, given, call, result] of rows) {
    it(`${name} reaches the lease as ${String(call[0])}, and is answered`, async () => {
      const { reply, calls } = await ask(name, given);

      assert.deepEqual(reply, result === undefined ? done : { ...done, result });
      assert.deepEqual(calls, [call]);
    });
  }

  it('hello passes with version 1 only', async () => {
    assert.deepEqual((await ask('hello', [1])).reply, done);
    assert.equal((await ask('hello', [2])).reply.error, 'unsupported protocol version 2 (expected 1)');
  });

  it('swd_sequence gets the integers that were read, lossless', async () => {
    // pyOCD, target_rp2.py: [8 bits of TARGETSEL request], [5 undriven], [33 of data and parity]
    const { reply, calls } = await ask('swd_sequence', [[[8, 0x99], [5], [33, 0x1_0100_2927], [64]]], (lease) => {
      lease.swdRead = [
        { lengthBits: 5, bits: 3n },
        { lengthBits: 64, bits: 2n ** 64n - 1n },
      ];
    });

    assert.deepEqual(reply, { ...done, result: [0, [3, 2n ** 64n - 1n]] });
    assert.deepEqual(calls, [
      [
        'swdSequence',
        [
          { direction: 'output', sequence: { lengthBits: 8, bits: 0x99n } },
          { direction: 'input', lengthBits: 5 },
          { direction: 'output', sequence: { lengthBits: 33, bits: 0x1_0100_2927n } },
          { direction: 'input', lengthBits: 64 },
        ],
      ],
    ]);
  });

  it('jtag_sequence has a result only where TDO was read', async () => {
    const silent = await ask('jtag_sequence', [6, 1, false, 63]);
    const read = await ask('jtag_sequence', [64, 0, true, 2n ** 64n - 1n], (lease) => {
      lease.tdo = { lengthBits: 64, bits: 0x8000000000000001n };
    });

    assert.deepEqual(silent.reply, done);
    assert.deepEqual(silent.calls, [['jtagSequence', { tms: 1, readTdo: false, tdi: { lengthBits: 6, bits: 63n } }]]);
    assert.deepEqual(read.reply, { ...done, result: 0x8000000000000001n });
  });

  it('readprop gives the five known properties', async () => {
    const read = async (name: string) => (await ask('readprop', [name])).reply;

    assert.deepEqual(await read('vendor_name'), { ...done, result: 'ACME' });
    assert.deepEqual(await read('product_name'), { ...done, result: 'Probe One' });
    assert.deepEqual(await read('supported_wire_protocols'), { ...done, result: ['DEFAULT', 'SWD', 'JTAG'] });
    assert.deepEqual(await read('wire_protocol'), done);
    assert.deepEqual((await ask('readprop', ['wire_protocol'], (lease) => (lease.wireProtocol = 'SWD'))).reply, {
      ...done,
      result: 'SWD',
    });
    assert.deepEqual(await read('capabilities'), {
      ...done,
      result: ['BANKED_DP_REGISTERS', 'APv2_ADDRESSES', 'SWJ_SEQUENCE', 'SWD_SEQUENCE', 'SWO'],
    });
  });

  it('readprop gives nothing else, and says what there is', async () => {
    for (const name of ['session', '_lock', '__class__', 'constructor']) {
      const { reply } = await ask('readprop', [name]);

      assert.equal(reply.status, 1);
      assert.match(
        reply.error ?? '',
        /known are vendor_name, product_name, supported_wire_protocols, wire_protocol, cap/,
      );
    }
  });

  it('has_swo says what the probe can do', async () => {
    assert.deepEqual((await ask('has_swo')).reply, { ...done, result: true });
  });
});

describe('memory through a handle', () => {
  const withHandle = (lease: TestServer['lease']): void => void (lease.handle = 3);
  const memoryRows: typeof rows = [
    ['read_mem', [3, 0x20000001, 8], ['read', 0x20000001, 8], 0x0bc11477],
    ['write_mem', [3, 0x20000002, 0xffff, 16], ['write', 0x20000002, 0xffff, 16]],
    ['read_block32', [3, 0xfffffffc, 1], ['readWords', 0xfffffffc, 1], [0x0bc11477]],
    ['write_block32', [3, 0x20000000, [1, 0x200000002]], ['writeWords', 0x20000000, [1, 2]]],
    ['read_block8', [3, 0x20000000, 3], ['readBytes', 0x20000000, 3], [1, 2, 255]],
    ['write_block8', [3, 0x20000001, [255]], ['writeBytes', 0x20000001, [255]]],
  ];
  for (const [name, given, call, result] of memoryRows) {
    it(`${name} reaches the port of that handle`, async () => {
      const { reply, calls } = await ask(name, given, withHandle);

      assert.deepEqual(reply, result === undefined ? done : { ...done, result });
      assert.deepEqual(calls, [call]);
    });

    it(`${name} is refused for a handle that was not given out`, async () => {
      const { reply, calls } = await ask(name, [4, ...given.slice(1)], withHandle);

      assert.deepEqual(reply, { id: 7, status: 1, error: 'invalid handle received from remote memory access' });
      assert.deepEqual(calls, []);
    });
  }

  it('is given out as a number', async () => {
    assert.deepEqual((await ask('get_memory_interface_for_ap', [2, 0xc0000000], withHandle)).reply, {
      ...done,
      result: 3,
    });
  });

  it('needs no access for an empty block', async () => {
    for (const [name, last] of [
      ['read_block32', 0],
      ['read_block8', 0],
      ['write_block32', []],
      ['write_block8', []],
    ] as const) {
      const { reply, calls } = await ask(name, [3, 0, last], withHandle);

      assert.deepEqual(reply, last === 0 ? { ...done, result: [] } : done);
      assert.deepEqual(calls, []);
    }
  });

  const refused: readonly (readonly [string, readonly unknown[], string])[] = [
    ['read_mem', [3, 0x20000001, 16], 'address 0x20000001 is not aligned to 16 bits'],
    ['write_mem', [3, 0x20000002, 0, 32], 'address 0x20000002 is not aligned to 32 bits'],
    ['write_mem', [3, 0, 0x100, 8], 'value 0x00000100 has more than 8 bits'],
    ['read_block32', [3, 2, 1], 'address 0x00000002 is not aligned to 32 bits'],
    ['read_block32', [3, 0xfffffffc, 2], '8 bytes from 0xfffffffc reach past 0xffffffff'],
    ['write_block8', [3, 0xffffffff, [1, 2]], '2 bytes from 0xffffffff reach past 0xffffffff'],
  ];
  for (const [name, given, error] of refused) {
    it(`${name} says: ${error}`, async () => {
      const { reply, calls } = await ask(name, given, withHandle);

      assert.deepEqual(reply, { id: 7, status: 1, error });
      assert.deepEqual(calls, []);
    });
  }
});

describe('an error of the lease', () => {
  const errors: readonly (readonly [DaemonError, number])[] = [
    [new RequestError('no'), 1],
    [new UnsupportedError('no'), 1],
    [new ProbeBusyError('no'), 1],
    [new ProbeAccessError('no'), 1],
    [new ProbeDisconnectedError('no'), 2],
    [new ProbeError('no'), 3],
    [new TransferError('no'), 10],
    [new TransferTimeoutError(), 11],
    [new TransferFaultError(), 12],
  ];
  for (const [error, status] of errors) {
    it(`${error.name} is status ${status}`, async () => {
      const { reply } = await ask('read_dp', [0], (lease) => (lease.failure = error));

      assert.deepEqual(reply, { id: 7, status, error: error.message });
    });
  }

  it('is told with its causes', async () => {
    const error = new ProbeError('cannot read', { cause: new Error('stall') });
    const { reply } = await ask('flush', [], (lease) => (lease.failure = error));

    assert.equal(reply.error, 'cannot read: stall');
  });
});

describe('every request of the table', () => {
  /** Values that are wrong wherever their text is not what the schema allows. */
  const wrong = [null, '0', {}, [], -1, 1.5, 2 ** 60, [null], [[0]], ['x'], 'x'.repeat(100)];

  for (const { name, args } of probeRequests) {
    it(`${name} takes just ${args.list.length} arguments`, async () => {
      await using test = await TestServer.start();
      await using client = await test.client();
      const tooMany = await client.request(name, ...Array<number>(args.list.length + 1).fill(0));

      assert.equal(tooMany.status, 1);
      assert.match(tooMany.error ?? '', new RegExp(`^${name}: takes .*, got ${args.list.length + 1}$`));
      assert.deepEqual(test.lease.calls, []);
    });

    for (const [position, { name: argument, schema }] of args.list.entries()) {
      it(`${name} says what ${argument} must be, and stays`, async () => {
        await using test = await TestServer.start();
        await using client = await test.client();
        let refusals = 0;
        for (const value of wrong) {
          // What comes before the argument must be right, or it would be complained of first.
          const given = args.list.map((_argument, at) => (at === position ? value : exampleOf(name)[at]));
          const reply = await client.request(name, ...given);
          if (reply.status === 0 || reply.error?.startsWith('unknown property')) continue;
          if (reply.error?.startsWith('unsupported protocol version')) continue;
          const expected = `${name}: argument ${position + 1} (${argument}) must be ${describeSchema(schema)}`;
          if (reply.error?.startsWith(expected)) refusals++;
          else assert.match(reply.error ?? '', /^invalid handle|^address|^value|bytes from/);
        }

        assert.ok(refusals >= 6, `only ${refusals} of ${wrong.length} were refused`);
        assert.equal((await client.request('hello', 1)).status, 0);
      });
    }
  }

  /** Arguments that pass the schema of a request. */
  function exampleOf(name: string): readonly unknown[] {
    const examples: Readonly<Record<string, readonly unknown[]>> = {
      hello: [1],
      readprop: ['vendor_name'],
      swd_sequence: [[[1]]],
      jtag_sequence: [1, 0, false, 0],
      swj_sequence: [8, 0],
      read_mem: [0, 0, 8],
      write_mem: [0, 0, 0, 8],
      get_memory_interface_for_ap: [1, 0],
      read_ap_multiple: [0, 1],
      write_ap_multiple: [0, [1]],
      write_block32: [0, 0, []],
      write_block8: [0, 0, []],
    };
    return examples[name] ?? [0, 0, 0];
  }
});

describe('numbers at the limits', () => {
  const rowsOfLimits: readonly (readonly [string, readonly unknown[], boolean])[] = [
    ['write_dp', [0, 0xffffffff], true],
    ['write_dp', [0, 0x100000000], false],
    ['read_dp', [16], false],
    ['read_dp', [2], false],
    ['read_ap', [Number.MAX_SAFE_INTEGER - 3], true],
    ['read_ap', [2n ** 53n + 4n], false],
    ['read_ap', [2], false],
    ['read_ap_multiple', [0, 65535], true],
    ['read_ap_multiple', [0, 65536], false],
    ['read_ap_multiple', [0, 0], false],
    ['write_ap_multiple', [0, Array<number>(65535).fill(0)], true],
    ['write_ap_multiple', [0, Array<number>(65536).fill(0)], false],
    ['write_ap_multiple', [0, [2n ** 53n]], false],
    ['write_ap_multiple', [0, [-1]], false],
    ['swj_sequence', [256, 2n ** 256n - 1n], true],
    ['swj_sequence', [257, 0], false],
    ['swj_sequence', [0, 0], false],
    ['swj_sequence', [256, 2n ** 256n], false],
    ['jtag_sequence', [65, 0, false, 0], false],
    ['jtag_sequence', [1, 2, false, 0], false],
    ['swd_sequence', [[[65]]], false],
    ['swd_sequence', [[[1, 2, 3]]], false],
    ['swd_sequence', [[[]]], false],
    ['swd_sequence', [Array<number[]>(255).fill([1])], true],
    ['swd_sequence', [Array<number[]>(256).fill([1])], false],
    ['set_clock', [0], false],
    ['connect', ['swd'], false],
    ['get_memory_interface_for_ap', [3, 0], false],
    ['read_block8', [0, 0, 4194305], false],
  ];
  for (const [name, given, good] of rowsOfLimits) {
    const text = JSON.stringify(given, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    it(`${name} ${text.slice(0, 40)} is ${good ? 'taken' : 'refused'}`, async () => {
      const { reply, calls } = await ask(name, given);

      assert.equal(reply.status, good ? 0 : 1, reply.error);
      assert.equal(calls.length, good ? 1 : 0);
    });
  }
});
