import assert from 'node:assert/strict';
import { parseProbeOptions } from '../../src/sim/probe-options.js';
import { startWorld, type World } from '../support/world.js';
import type { TestClient } from '../support/test-client.js';
import { transports } from '../support/transports.js';

/** The most that one request may ask for. */
const WORDS = 65535;
/** How often depends on how fast the machine is; test/sim/packet-queue.test.ts counts the turns that others get. */
const MIN_ANSWERS = 1;
const ones = 0x7ffffffffffff;

async function connectedClient(world: World, uid: string): Promise<TestClient> {
  const client = await world.client(uid);
  await client.result('open');
  await client.result('connect', 'SWD');
  await client.result('swj_sequence', 51, ones);
  await client.result('swj_sequence', 16, 0xe79e);
  await client.result('swj_sequence', 51, ones);
  await client.result('swj_sequence', 8, 0);
  await client.result('read_dp', 0);
  await client.result('write_dp', 4, 0x50000f00);
  await client.result('write_ap', 0, 0x23000012);
  await client.result('write_ap', 4, 0x20000000);
  return client;
}

for (const transport of transports) {
  describe(`while a client moves as much as one request may on a simulated probe, ${transport}`, () => {
    for (const [name, argument] of [
      ['read_ap_multiple', WORDS],
      ['write_ap_multiple', Array<number>(WORDS).fill(0x12345678)],
    ] as const) {
      it(`a client of another probe is answered meanwhile: ${name}`, async () => {
        await using world = await startWorld();
        for (const uid of ['A1', 'B2']) world.plug({ uid, ...parseProbeOptions(transport.split(',')) });
        const busy = await connectedClient(world, 'A1');
        const other = await connectedClient(world, 'B2');

        const moved = busy.result(name, 12, argument);
        const answers = await answersUntil(moved, other);

        await moved;
        assert.ok(answers >= MIN_ANSWERS, `${answers} answers`);
      });
    }
  });
}

/** How many requests are answered, one after the other, before `end` settles. */
async function answersUntil(end: Promise<unknown>, client: TestClient): Promise<number> {
  const ended = Symbol();
  for (let answers = 0; ; answers++) {
    const first = await Promise.race([end.then(() => ended), client.result('read_dp', 0)]);
    if (first === ended) return answers;
  }
}
