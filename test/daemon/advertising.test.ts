import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { silentLogger } from '../../src/base/logger.js';
import { Advertising } from '../../src/daemon/advertising.js';
import type { AdvertisedProbe } from '../../src/discovery/advertised-probe.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { runClock } from '../support/run-clock.js';
import { startWorld, type World } from '../support/world.js';

/** Nobody of another machine gets in, and one might. */
const LISTEN = '[listen]\naddresses = ["0.0.0.0"]\nallow_remote = ["192.0.2.7"]\nfirst_port = 0\n';
const CLOSED = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';
const outside: NetworkInterfaceInfo = {
  ...{ address: '192.0.2.1', netmask: '255.255.255.0', family: 'IPv4', mac: '00:00:00:00:00:00' },
  ...{ cidr: '192.0.2.1/24', internal: false },
};
const none: NetworkInterfaceInfo = { ...outside, address: '127.0.0.1', internal: true };

/** The network, as the advertiser would tell it. */
class Network {
  loaded = 0;
  probes: readonly AdvertisedProbe[] = [];
  addresses: readonly string[] = [];
  readonly machine: { name: string; eth0: NetworkInterfaceInfo };

  constructor(eth0: NetworkInterfaceInfo) {
    this.machine = { name: 'lab1', eth0 };
  }

  async load() {
    this.loaded++;
    return {
      advertise: async (probes: readonly AdvertisedProbe[], addresses: readonly string[]) => {
        this.probes = probes;
        this.addresses = addresses;
      },
      [Symbol.asyncDispose]: async () => {
        this.probes = [];
      },
    };
  }

  get uids(): readonly string[] {
    return this.probes.map(({ uid }) => uid);
  }
}

function advertise(
  world: World,
  clock: FakeClock,
  eth0 = outside,
): { readonly network: Network; readonly advertising: Advertising } {
  const network = new Network(eth0);
  const { machine } = network;
  const advertising = new Advertising({
    ...{ supervisor: world.supervisor, book: world.book, events: world.daemon.events, clock, log: silentLogger },
    machine: { hostname: () => machine.name, interfaces: () => ({ eth0: [machine.eth0] }) },
    loadAdvertiser: () => network.load(),
  });
  return { network, advertising };
}

describe('what the network is told', () => {
  it('is nothing, and the advertiser is not loaded, where nobody else may connect or the config says so', async () => {
    for (const [config, eth0] of [
      [CLOSED, outside],
      [`${CLOSED}advertise = true\n`, outside],
      [`${LISTEN}advertise = false\n`, outside],
      [`${LISTEN}[[probe]]\nuid = "A1"\nallow_remote = []\n`, outside],
      [LISTEN, none],
    ] as const) {
      await using world = await startWorld({ config });
      world.plug({ uid: 'A1' });
      await world.client('A1');
      const clock = new FakeClock();
      const { network, advertising } = advertise(world, clock, eth0);

      await clock.advance(60_000);

      assert.equal(network.loaded, 0);
      await advertising[Symbol.asyncDispose]();
      assert.equal(clock.pending, 0);
    }
  });

  it('is which probes are there, from plug to unplug, and nothing at the end', async () => {
    await using world = await startWorld({ config: LISTEN });
    const { network, advertising } = advertise(world, new FakeClock());

    const probe = world.plug({ uid: 'A1' });
    await world.event('served', 'A1');
    await settle();
    assert.deepEqual(network.probes, [
      {
        ...{ uid: 'A1', vendorId: 0x0d28, productId: 0x0204, product: 'DAPLink CMSIS-DAP', state: 'ready' },
        ...{ host: 'lab1', port: world.status('A1')?.port },
      },
    ]);
    assert.deepEqual(network.addresses, ['192.0.2.1']);

    const detached = world.event('detached', 'A1');
    world.unplug(probe);
    await detached;
    await settle();
    assert.deepEqual(network.uids, []);

    world.plug(probe);
    await world.event('served', 'A1');
    await settle();
    assert.deepEqual(network.uids, ['A1']);
    await advertising[Symbol.asyncDispose]();
    assert.deepEqual(network.uids, []);
  });

  it('follows names, the config, and who uses a probe', async () => {
    await using world = await startWorld({ config: LISTEN });
    world.plug({ uid: 'A1' });
    const client = await world.client('A1');
    const clock = new FakeClock();
    const { network, advertising } = advertise(world, clock);
    await settle();

    await world.daemon.rename('A1', 'left');
    await settle();
    assert.equal(network.probes[0]?.name, 'left');

    await client.result('open');
    await clock.advance(5000);
    assert.equal(network.probes[0].state, 'in-use');

    await world.reload(`${LISTEN}[[probe]]\nuid = "A1"\ntarget = "rp2040"\n`);
    await settle();
    assert.equal(network.probes[0].target, 'rp2040');

    await world.reload(`${LISTEN}advertise = false\n`);
    await settle();
    assert.deepEqual(network.uids, []);
    await advertising[Symbol.asyncDispose]();
  });

  it('follows the name and the addresses of the machine', async () => {
    await using world = await startWorld({ config: LISTEN });
    world.plug({ uid: 'A1' });
    await world.client('A1');
    const clock = new FakeClock();
    const { network, advertising } = advertise(world, clock);
    await settle();

    network.machine.name = 'lab2';
    await clock.advance(5000);
    assert.equal(network.probes[0]?.host, 'lab2');

    network.machine.eth0 = none; // it has no network any more
    await clock.advance(5000);
    assert.deepEqual(network.uids, []);
    await runClock(clock, advertising[Symbol.asyncDispose]());
  });
});
