import assert from 'node:assert/strict';
import { EventHistory } from '../../src/control/event-history.js';
import { type ProbeCount, ServiceNotifier } from '../../src/daemon/service-notifier.js';
import { FakeClock } from '../support/fake-clock.js';

function world(watchdogMs?: number) {
  const clock = new FakeClock();
  const events = new EventHistory(clock);
  const told: string[] = [];
  let probes: readonly ProbeCount[] = [{ state: 'ready', clients: 0 }];
  const notifier = new ServiceNotifier({
    ...{ clock, events, manager: { notify: (text: string) => told.push(text) }, probes: () => probes },
    ...(watchdogMs !== undefined && { watchdogMs }),
  });
  const change = (...changed: readonly ProbeCount[]): void => {
    probes = changed;
    events.add({ type: 'detached', uid: 'A1' });
  };
  return { clock, told, notifier, change };
}

describe('the service manager', () => {
  it('hears a sign of life twice in its time, until we stop', async () => {
    const { clock, told, notifier } = world(30_000);
    notifier.ready();
    await clock.advance(60_000);
    notifier.stopping(5000);
    await clock.advance(60_000);

    assert.equal(told.filter((text) => text === 'WATCHDOG=1').length, 5); // at once, and each 15 s
    assert.match(told.at(-1) ?? '', /^STOPPING=1\n/);
    assert.equal(clock.pending, 0);
  });

  it('hears no sign of life when it does not wait for one', async () => {
    const { clock, told, notifier } = world();
    notifier.ready();
    await clock.advance(60_000);

    assert.deepEqual(told, ['READY=1\nSTATUS=serving 1 probe, 0 clients']);
  });

  it('hears once of what happens together, and nothing when nothing has changed', async () => {
    const { clock, told, notifier, change } = world();
    notifier.ready();
    change({ state: 'ready', clients: 1 }, { state: 'ready', clients: 0 });
    change({ state: 'in-use', clients: 2 }, { state: 'absent', clients: 0 }, { state: 'no-permission', clients: 0 });
    await clock.advance(1000);
    change({ state: 'in-use', clients: 2 }, { state: 'absent', clients: 0 }, { state: 'no-permission', clients: 0 });
    await clock.advance(1000);

    assert.deepEqual(told.slice(1), [
      'STATUS=serving 1 probe (1 absent), 2 clients; 1 cannot be served: see probectl status',
    ]);
  });

  it('is asked for as much time to stop as the grace takes', () => {
    const { told, notifier } = world();
    notifier.stopping(60_000);

    assert.match(told[0], /^EXTEND_TIMEOUT_USEC=65000000$/m);
  });
});
