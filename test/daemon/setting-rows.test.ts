import assert from 'node:assert/strict';
import { startWorld, type World } from '../support/world.js';

const LISTEN = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';
const OLD = `${LISTEN}[[probe]]\nuid = "A1"\nclock_limit = 1000000\n`;
const NEW =
  `${LISTEN}[limits]\nlock_idle_timeout = 7\n[access]\nlongest_reservation = 60\n` +
  '[[probe]]\nuid = "A1"\nsharing = "exclusive"\npackets_in_flight = 1\nname = "left"\n';

/** The settings that are shown with another value than the one that holds. */
function waiting(world: World): readonly string[] {
  return world.daemon
    .show('A1')
    .settings.flatMap(({ key, value, still }) => (still === undefined ? [] : [`${key}: ${still}, then ${value}`]));
}

describe('the settings of a probe in use, after a reload', () => {
  it('are shown with what holds until its last client leaves', async () => {
    await using world = await startWorld({ config: OLD });
    world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    await client.result('open');
    assert.deepEqual(waiting(world), []);

    await world.reload(NEW);
    const inUse = waiting(world);
    const served = world.event('served', 'A1');
    client.socket.end();
    await served;

    assert.deepEqual(inUse, [
      'probe.packets_in_flight: none, then 1',
      'limits.lock_idle_timeout: 2, then 7',
      'probe.clock_limit: 1000000, then none',
    ]);
    assert.deepEqual(waiting(world), []);
  });

  it('are as before where the reload is taken back', async () => {
    await using world = await startWorld({ config: OLD });
    world.plug({ uid: 'A1' });
    await (await world.client('A1')).result('open');

    await world.reload(NEW);
    await world.reload(OLD);

    assert.deepEqual(waiting(world), []);
  });
});
