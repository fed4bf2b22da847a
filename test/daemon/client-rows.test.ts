import assert from 'node:assert/strict';
import { connectSwd } from '../support/connect-swd.js';
import { startWorld, type World } from '../support/world.js';

const CONFIG = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n[limits]\nlock_idle_timeout = 0.1\n';

/** What of a probe each of its clients has, by number. */
function held(world: World): readonly string[] {
  return world.daemon
    .show('A1')
    .clients.map(({ client, open, lockDepth, capturesSwo, holdsReset }) =>
      [client, open && 'open', lockDepth > 0 && `lock ${lockDepth}`, capturesSwo && 'SWO', holdsReset && 'nRESET']
        .filter(Boolean)
        .join(' '),
    );
}

describe('what a client holds', () => {
  it('is the lock for one of them at a time, also after an idle one has lost it', async () => {
    await using world = await startWorld({ config: CONFIG });
    world.plug({ uid: 'A1' });
    const [one, two] = [await world.client('A1'), await world.client('A1')];
    for (const client of [one, two]) await client.result('open');
    for (let i = 0; i < 2; i++) await one.result('lock');

    await two.result('lock'); // after the time that the first may be silent
    const lost = held(world);
    await two.result('unlock');
    await one.request('read_dp', 0); // takes it again, as deep as it was

    assert.deepEqual(lost, ['1 open', '2 open lock 1']);
    assert.deepEqual(held(world), ['1 open lock 2', '2 open']);
  });

  it('is SWO, and nRESET, where it captures and pulls', async () => {
    await using world = await startWorld({ config: CONFIG });
    world.plug({ uid: 'A1' });
    const [one, two] = [await world.client('A1'), await world.client('A1')];
    for (const client of [one, two]) await client.result('open');
    await connectSwd(one);

    await one.result('swo_start', 115_200);
    await two.result('assert_reset', true);
    const both = held(world);
    await one.result('swo_stop');
    await two.result('assert_reset', false);

    assert.deepEqual(both, ['1 open SWO', '2 open nRESET']);
    assert.deepEqual(held(world), ['1 open', '2 open']);
  });
});
