import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseProbeOptions } from '../../src/sim/probe-options.js';
import { ProbeRig, T } from './probe-rig.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/simulated-board.md'), 'utf8');

describe('the options of a simulated probe', () => {
  it('are words and numbers, a later one over an earlier one', () => {
    assert.deepEqual(parseProbeOptions([]), {});
    assert.deepEqual(parseProbeOptions(['v1', 'packet-size=64', 'packet-count=1', 'second-ap', 'v2']), {
      transports: 'v2',
      packetSizeBytes: 64,
      packetCount: 1,
      board: { kind: 'second-ap' },
    });
  });

  it('are faults, which add up', () => {
    assert.deepEqual(parseProbeOptions(['fault=no-ack', 'fault=wait:ap:read:0xc:after=100:times=1000']), {
      faults: [
        { kind: 'no-ack', on: {} },
        { kind: 'wait', on: { port: 'AP', direction: 'read', address: 0xc }, after: 100, times: 1000 },
      ],
    });
  });

  it('that do not exist are refused, with those that do', () => {
    for (const [text, message] of [
      ['v3', /unknown option "v3": choose from v1, .*, packet-count=N, fault=/],
      ['packet-size=63', /packet-size is a number from 64 to 1024, not "63"/],
      ['packet-count=1e2', /packet-count is a number from 1 to 255, not "1e2"/],
      ['fault=', /no fault "": choose from wait, fault, no-ack, parity, power-lost/],
      ['fault=wait:sometimes', /cannot be "sometimes": choose from dp, ap, .*, times=N/],
      ['fault=wait:times=0', /cannot be "times=0"/],
      ['fault=wait:after=-1', /cannot be "after=-1"/],
      ['fault=wait:constructor', /cannot be "constructor"/],
    ] as const) {
      assert.throws(() => parseProbeOptions([text]), { name: 'RequestError', message });
    }
  });

  it('are all described', () => {
    const described = [...page.matchAll(/`([a-z0-9-]+)(?:=N)?`/g)].map(([, word]) => word);
    const named = (text: string): string[] => {
      let known = '';
      assert.throws(
        () => parseProbeOptions([text]),
        (error: Error) => {
          known = /choose from (.*?)(, N at most.*)?$/.exec(error.message)?.[1] ?? '';
          return true;
        },
      );
      return known.split(', ').map((word) => word.replace(/=.*/, ''));
    };

    for (const word of [...named('?'), ...named('fault=?'), ...named('fault=wait:?')]) {
      if (word !== 'fault') assert.ok(described.includes(word), `docs/simulated-board.md lacks ${word}`);
    }
  });
});

describe('a simulated probe with a fault', () => {
  it('shows it at the accesses that were named, and at no others', async () => {
    await using rig = await ProbeRig.open(parseProbeOptions(['fault=fault:dp:write:0x8:after=1:times=2']));
    await rig.connectSwd();

    const responses = [];
    for (let i = 0; i < 4; i++) {
      responses.push((await rig.transfer([T.WRITE_SELECT, 0])).response);
      await rig.transfer([T.WRITE_ABORT, 0x1e]);
    }

    assert.deepEqual(responses, [1, 4, 4, 1]);
  });
});
