// Clients that wait for their turn, each through a helper of its own.

import assert from 'node:assert/strict';
import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { Disposer } from '../../src/base/disposer.js';
import { FakeClock } from '../support/fake-clock.js';
import { TestClient } from '../support/test-client.js';
import { startWorld, type World } from '../support/world.js';

const UID = 'A1';
const LISTEN = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';

/** A daemon, and what connects a client to its probe through a helper, whose time stands still. */
async function startLab(sharing: string): Promise<World & { readonly join: () => Promise<TestClient> }> {
  const world = await startWorld({ config: `${LISTEN}[[probe]]\nuid = "${UID}"\nsharing = "${sharing}"\n` });
  const served = world.event('served', UID);
  world.plug({ uid: UID });
  await served;
  const endpoint = tcpEndpoint({ host: '127.0.0.1', port: world.status(UID)?.port ?? 0 });
  const helpers = new Disposer();
  const end = world[Symbol.asyncDispose].bind(world);
  return Object.assign(world, {
    join: async () => {
      const helper = helpers.use(await Accelerator.listen({ endpoint, clock: new FakeClock() }));
      return helpers.use(await TestClient.connect(helper.port));
    },
    async [Symbol.asyncDispose]() {
      await helpers[Symbol.asyncDispose]();
      await end();
    },
  });
}

describe('a client behind the pipelining helper', () => {
  it('leaves the queue at once when it dies there', async () => {
    await using lab = await startLab('queue');
    const [holder, dying, next] = [await lab.join(), await lab.join(), await lab.join()];
    await holder.result('open');
    const queued = lab.event('queued', UID);
    dying.request('open').catch(() => undefined); // nobody is there for the answer
    await queued;
    const nextQueued = lab.event('queued', UID);
    const open = next.request('open');
    await nextQueued;
    const gone = lab.event('client-out', UID);

    dying.socket.resetAndDestroy();

    await gone;
    assert.equal(lab.status(UID)?.waiting, 1);
    await holder.result('close');
    assert.equal((await open).status, 0);
  });

  it('has its turn when it comes, and is told who has the probe where there is no queue', async () => {
    await using lab = await startLab('exclusive');
    const [first, second] = [await lab.join(), await lab.join()];
    await first.result('open');
    await second.result('hello', 1);

    const { status, error } = await second.request('open');

    assert.equal(status, 1);
    assert.match(error ?? '', /^probe A1 is in use by addr:127\.0\.0\.1 \(127\.0\.0\.1:\d+\) since /);
    assert.equal((await second.request('lock')).status, 0); // told with the next that may fail
    const gone = lab.event('client-out', UID);
    first.socket.resetAndDestroy();
    await gone;
    await second.result('close').catch(() => undefined); // the lock that it did not get
    await second.result('open');
  });
});
