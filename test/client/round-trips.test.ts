// How often a stock client waits for the network: recorded conversations through the helper, against a server that gives
// the recorded replies, each of which is under way until the client waits for it.

import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { Accelerator } from '../../src/client/accelerator.js';
import { TestClient } from '../support/test-client.js';
import { type Exchange, readTranscript } from '../support/transcript.js';
import { type Asked, ScriptedProbe } from './scripted-probe.js';

interface Count {
  readonly requests: number;
  readonly waits: number;
}

/** Plays a recording through the helper; every reply must be the recorded one. */
async function play(recording: string): Promise<Count> {
  const exchanges = readTranscript(recording);
  const sent: string[] = [];
  let next = 0;
  const probe = new ScriptedProbe((asked, line) => {
    // What the helper remembers does not come here.
    while (next < sent.length && sent[next] !== line) next++;
    if (next < sent.length) return exchanges[next++].reply;
    return replyToProperty(asked, exchanges, exchanges[sent.length - 1].request);
  });
  await using helper = await Accelerator.listen({ endpoint: probe });
  await using client = await TestClient.connect(helper.port);
  let waits = 0;
  for (const { request, reply } of exchanges) {
    sent.push(request);
    let got: string | undefined;
    const line = client.line(request).then((text) => (got = text));
    for (let turns = 0; got === undefined; turns++) {
      await setImmediate();
      // A reply that is given at once is here by now: what is missing comes over the network.
      if (turns >= TURNS && probe.deliver()) {
        waits++;
        turns = -Infinity;
      }
    }
    assert.deepEqual(JSON.parse(await line), JSON.parse(reply), `after ${request}`);
  }
  assert.deepEqual(
    probe.lines.filter((line) => !isAskedAhead(line)).filter((line) => !line.includes('readprop')),
    exchanges.map(({ request }) => request).filter((line) => !line.includes('readprop')),
    'every request reaches the probe, once and in order',
  );
  return { requests: exchanges.length, waits };
}

/** Over loopback, and some. */
const TURNS = 8;

function isAskedAhead(line: string): boolean {
  return line.startsWith('{"id": 0, "request": "readprop"');
}

/** A property after the request that was sent last, as in the recordings. */
function replyToProperty(
  { id, arguments: [property] = [] }: Asked,
  exchanges: readonly Exchange[],
  after: string,
): string {
  const recorded = (name: string): unknown => {
    const asked = exchanges.find(({ request }) => request.includes(`"${name}"`));
    return (JSON.parse(asked?.reply ?? '{}') as { readonly result?: unknown }).result;
  };
  const values = new Map<unknown, unknown>([
    ['capabilities', recorded('capabilities')],
    ['supported_wire_protocols', recorded('supported_wire_protocols')],
    ['wire_protocol', after.includes('"connect"') ? 'SWD' : undefined],
  ]);
  return JSON.stringify({ id, status: 0, result: values.get(property) });
}

describe('a stock client behind the pipelining helper', function () {
  this.timeout(60_000);
  // What the helper must reach, and what came out when it was written.
  const goals = [
    { recording: 'cmd-status', requests: 160, mostWaits: 35 },
    { recording: 'load-elf', requests: 1433, mostWaits: 230 },
    { recording: 'gdb-load', requests: 1741, mostWaits: 320 },
  ];
  for (const { recording, requests, mostWaits } of goals) {
    it(`waits at most ${mostWaits} times in the ${requests} requests of ${recording}`, async () => {
      const count = await play(recording);

      assert.equal(count.requests, requests);
      assert(count.waits <= mostWaits, `it waited ${count.waits} times`);
      if (process.env.SHOW_WAITS) console.log(recording, count);
    });
  }
});
