import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import sinon from 'sinon';
import type { UsbErrorKind } from '../../../src/usb/usb-error.js';
import { settle } from '../../support/fake-clock.js';
import { BusRig } from './bus-rig.js';
import { bulk, hid } from './fake-usb.js';

const OUT = 0x01;
const IN = 0x82;
const CANCELLED = 3;
const STALL = 4;
const timeout = { timeoutMs: 1000 };

/** How a promise of a transfer ended. */
function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => (value instanceof Uint8Array ? [...value] : 'done'),
    (error: unknown) => (error instanceof Error && 'kind' in error ? error.kind : error),
  );
}

describe('a claimed interface', () => {
  it('is claimed by its number, with the kernel driver out of the way, and given back', async () => {
    await using rig = new BusRig();
    const device = rig.plug({ interfaces: [hid({ number: 0 }), bulk({ number: 4 })] }, {});

    await rig.bus.list();
    await rig.clock.advance(1025); // no driver is bound to the HID interface
    const connection = await rig.open(4);
    await connection[Symbol.asyncDispose]();
    await connection[Symbol.asyncDispose]();

    assert.deepEqual(device.calls, ['open', 'auto-detach true', 'claim 4', 'release 4', 'close']);
  });

  it('beside another one shares the open device with it', async () => {
    await using rig = new BusRig();
    const device = rig.plug({ interfaces: [bulk(), bulk({ number: 1 })] });

    const first = await rig.open(0);
    const second = await rig.open(1);
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();

    assert.deepEqual(
      device.calls.filter((call) => !call.startsWith('auto')),
      ['open', 'claim 0', 'claim 1', 'release 0', 'release 1', 'close'],
    );
  });

  it('is free for the next one only when the last one has let go of it', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const first = await rig.open();
    const read = outcome(first.transferIn(IN, 64, timeout));

    const closing = first[Symbol.asyncDispose]();
    const opening = rig.open();
    await settle();
    assert.deepEqual(device.calls.at(-1), 'claim 0'); // the callback of the transfer has not come
    device.inFlight[0].end(CANCELLED);
    await closing;
    await using second = await opening;

    assert.equal(await read, 'io');
    assert.ok(!second.gone.aborted);
    assert.deepEqual(device.calls.slice(3), ['release 0', 'close', 'open', 'auto-detach true', 'claim 0']);
  });
});

describe('an open that fails', () => {
  for (const [call, errno, kind] of [
    ['open', -3, 'access'],
    ['open', -4, 'gone'],
    ['claim', -6, 'busy'],
    ['claim', -5, 'io'],
    ['claim', -99, 'io'],
  ] as const) {
    it(`with ${errno} at ${call} is told as "${kind}", and leaves nothing open`, async () => {
      await using rig = new BusRig();
      const device = rig.plug();
      device.fails.set(call, errno);

      const failure = outcome(rig.open());
      await rig.clock.advance(500);

      assert.equal(await failure, kind);
      assert.equal(device.interfaces, undefined);
      device.fails.clear();
      await using works = await rig.open();
      assert.ok(!works.gone.aborted);
    });
  }

  it('because another program has it says which, where that is known', async () => {
    const asked: string[] = [];
    const holderOf = async (node: string): Promise<string> => (asked.push(node), 'held by openocd, pid 9');
    await using rig = new BusRig({ holderOf });
    const device = rig.plug();
    device.fails.set('claim', -6);

    await assert.rejects(rig.open(), { kind: 'busy', message: 'held by openocd, pid 9' });

    assert.deepEqual(asked, [rig.sysfs.node(device)]);
  });

  it('because the device is leaving is told so: by sysfs at once', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const { key } = await rig.only();
    rig.sysfs.remove(device);
    device.fails.set('open', -99);

    await assert.rejects(rig.bus.open(key, 0), { kind: 'gone' });
  });

  for (const errno of [-1, -9, -99]) {
    it(`with ${errno} because the device is leaving is told so: by its detach, within half a second`, async () => {
      await using rig = new BusRig();
      const device = rig.plug();
      device.fails.set('open', errno);

      const failure = outcome(rig.open());
      await rig.clock.advance(400);
      rig.unplug(device);

      assert.equal(await failure, 'gone');
    });
  }

  for (const [errno, kind] of [
    [-3, 'access'],
    [-7, 'timeout'],
  ] as const) {
    it(`with ${errno}, which no unplug does, is told at once`, async () => {
      await using rig = new BusRig();
      rig.plug().fails.set('open', errno);

      assert.equal(await outcome(rig.open()), kind);
    });
  }

  it('because the device has left already is told so', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const { key } = await rig.only();
    rig.unplug(device);

    await assert.rejects(rig.bus.open(key, 0), { kind: 'gone' });
  });
});

describe('transfers', () => {
  it('run several at a time, complete in order, and end with what has come', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const results = [64, 512].map((length) => outcome(connection.transferIn(IN, length, timeout)));
    await settle();
    assert.deepEqual(
      device.inFlight.map(({ endpoint, buffer }) => [endpoint, buffer.length]),
      [
        [IN, 64],
        [IN, 512],
      ],
    );
    device.inFlight[0].complete(Uint8Array.of(1, 2));
    device.inFlight[0].complete(new Uint8Array(0));

    assert.deepEqual(await Promise.all(results), [[1, 2], []]);
  });

  it('are submitted in the order of the calls, within the calls', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const sent = [Uint8Array.of(1, 2, 3), new Uint8Array(0)].map((data) => connection.transferOut(OUT, data, timeout));

    assert.deepEqual(
      device.transfers.map(({ endpoint, buffer }) => [endpoint, [...buffer]]),
      [
        [OUT, [1, 2, 3]],
        [OUT, []], // a zero-length packet
      ],
    );
    for (const transfer of device.inFlight) transfer.complete();
    await Promise.all(sent);
  });

  it('send the part of a larger buffer that they are given', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const sent = connection.transferOut(OUT, Uint8Array.of(9, 1, 2, 9).subarray(1, 3), timeout);

    assert.deepEqual([...device.inFlight[0].buffer], [1, 2]);
    device.inFlight[0].complete();
    await sent;
  });

  it('that take too long are cancelled by our own clock, and have timed out when that is complete', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const late = outcome(connection.transferIn(IN, 64, { timeoutMs: 70 }));
    await rig.clock.advance(69);
    const [transfer] = device.inFlight;
    assert.ok(!transfer.isCancelled);
    await rig.clock.advance(1);
    assert.ok(transfer.isCancelled);
    assert.equal(transfer.timeoutMs, 0); // libusb's own clock may come a minute late
    transfer.end(CANCELLED);

    assert.equal(await late, 'timeout');
  });

  it('that complete while they are being cancelled for their time are kept', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const late = outcome(connection.transferIn(IN, 64, { timeoutMs: 70 }));
    await rig.clock.advance(70);
    device.inFlight[0].complete(Uint8Array.of(7));

    assert.deepEqual(await late, [7]);
  });

  it('leave no timer behind', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const before = rig.clock.pending;

    const sent = connection.transferOut(OUT, Uint8Array.of(1), timeout);
    device.inFlight[0].complete();
    await sent;

    assert.equal(rig.clock.pending, before);
  });

  const statuses: readonly (readonly [status: number, kind: UsbErrorKind])[] = [
    [1, 'io'],
    [2, 'timeout'],
    [4, 'stall'],
    [5, 'gone'],
    [6, 'overflow'],
  ];
  for (const [status, kind] of statuses) {
    it(`that end with status ${status} fail with "${kind}"`, async () => {
      await using rig = new BusRig();
      const device = rig.plug();
      await using connection = await rig.open();

      const failure = outcome(connection.transferIn(IN, 64, timeout));
      device.inFlight[0].end(status);

      assert.equal(await failure, kind);
      for (const answer of device.clearing) answer();
    });
  }

  it('that cannot be submitted fail, too', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    device.fails.set('submit', -4);

    assert.equal(await outcome(connection.transferOut(OUT, Uint8Array.of(1), timeout)), 'gone');
    assert.ok(connection.gone.aborted); // before the event
  });

  for (const status of [1, STALL]) {
    it(`that end with status ${status} and whose device is not in sysfs any more fail with "gone"`, async () => {
      await using rig = new BusRig();
      const device = rig.plug();
      await using connection = await rig.open();
      let told = 0;
      rig.bus.subscribe(() => told++);

      const failure = outcome(connection.transferIn(IN, 64, timeout));
      rig.sysfs.remove(device);
      device.inFlight[0].end(status);

      assert.equal(await failure, 'gone');
      assert.ok(connection.gone.aborted); // before the event
      await settle();
      assert.equal(told, 1);
      for (const answer of device.clearing) answer();
    });
  }

  it('of which the device has not taken all have failed', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const sent = outcome(connection.transferOut(OUT, Uint8Array.of(1, 2, 3), timeout));
    device.inFlight[0].complete(new Uint8Array(2));

    assert.equal(await sent, 'io');
  });

  it('are refused on endpoints of another interface, after close, and after the device has left', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const connection = await rig.open();
    assert.equal(await outcome(connection.transferIn(0x85, 64, timeout)), 'io');

    rig.unplug(device);
    assert.ok(connection.gone.aborted); // at the event, not at the next look
    assert.equal(await outcome(connection.transferIn(IN, 64, timeout)), 'gone');

    await connection[Symbol.asyncDispose]();
    assert.equal(await outcome(connection.transferIn(IN, 64, timeout)), 'io');
    assert.deepEqual(device.transfers, []);
  });
});

describe('a HID report over endpoint 0', () => {
  it('is a SET_REPORT request to the interface', async () => {
    await using rig = new BusRig();
    const device = rig.plug({ interfaces: [bulk({ number: 3 })] });
    await using connection = await rig.open(3);

    const sent = connection.setReport(Uint8Array.of(0x00, 0xff), timeout);
    const [transfer] = device.inFlight;
    transfer.complete();

    await sent;
    assert.deepEqual([transfer.endpoint, transfer.type], [0, 0]); // LIBUSB_TRANSFER_TYPE_CONTROL
    assert.equal(transfer.buffer.toString('hex'), '21090002' + '03000200' + '00ff'); // HID 1.11, 7.2.2
  });

  it('that takes too long is cancelled by our own clock', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const late = outcome(connection.setReport(Uint8Array.of(1), { timeoutMs: 70 }));
    await rig.clock.advance(70);
    const [transfer] = device.inFlight;
    assert.ok(transfer.isCancelled);
    assert.equal(transfer.timeoutMs, 0);
    transfer.end(CANCELLED);

    assert.equal(await late, 'timeout');
  });

  it('is cancelled at close, and waited for', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const connection = await rig.open();
    const failure = outcome(connection.setReport(Uint8Array.of(1), timeout));

    const closing = connection[Symbol.asyncDispose]();
    await settle();
    assert.ok(device.inFlight[0].isCancelled);
    assert.equal(device.calls.at(-1), 'claim 0');
    device.inFlight[0].end(CANCELLED);
    await closing;

    assert.equal(await failure, 'io');
    assert.deepEqual(device.calls.slice(-2), ['release 0', 'close']);
  });

  it('works again after one that the device refused, with nothing to be cleared', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const refused = outcome(connection.setReport(Uint8Array.of(1), timeout));
    device.inFlight[0].end(STALL);
    assert.equal(await refused, 'stall');
    const sent = outcome(connection.setReport(Uint8Array.of(1), timeout));
    await settle();
    device.inFlight[0].complete();

    assert.equal(await sent, 'done');
    assert.equal(device.calls.at(-1), 'claim 0');
  });

  it('of which the device has not taken all has failed', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();

    const sent = outcome(connection.setReport(Uint8Array.of(1, 2, 3), timeout));
    device.inFlight[0].complete(new Uint8Array(2));

    assert.equal(await sent, 'io');
  });
});

describe('a transfer that is cancelled', () => {
  it('settles when the cancellation is complete', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const cancel = new AbortController();
    const reason = new Error('enough');
    const settled = sinon.spy();
    const read = outcome(connection.transferIn(IN, 64, { ...timeout, signal: cancel.signal }));
    read.finally(settled).catch(() => undefined);

    cancel.abort(reason);
    await settle();
    assert.ok(device.inFlight[0].isCancelled);
    sinon.assert.notCalled(settled);
    device.inFlight[0].end(CANCELLED);

    assert.equal(await read, reason);
  });

  it('and has been answered meanwhile keeps its answer', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const cancel = new AbortController();
    const read = outcome(connection.transferIn(IN, 64, { ...timeout, signal: cancel.signal }));

    cancel.abort();
    device.inFlight[0].complete(Uint8Array.of(7));

    assert.deepEqual(await read, [7]);
  });

  it('leaves nothing at its signal when it has ended: a stream has one signal for all its transfers', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const { signal } = new AbortController();

    const read = connection.transferIn(IN, 64, { ...timeout, signal });
    device.inFlight[0].complete(Uint8Array.of(7));
    await read;

    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  it('before it starts does not start', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const reason = new Error('enough');

    const read = connection.transferIn(IN, 64, { ...timeout, signal: AbortSignal.abort(reason) });

    assert.equal(await outcome(read), reason);
    assert.deepEqual(device.transfers, []);
  });
});

describe('an endpoint that stalls', () => {
  it('is emptied and its halt cleared before the next transfer', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const stalled = outcome(connection.transferIn(IN, 64, timeout));
    const behind = outcome(connection.transferIn(IN, 64, timeout));
    const [first, second] = device.inFlight;

    first.end(STALL);
    const next = outcome(connection.transferIn(IN, 64, timeout));
    assert.equal(await stalled, 'stall');
    assert.ok(second.isCancelled);
    assert.equal(device.clearing.length, 0);
    second.end(CANCELLED);
    assert.equal(await behind, 'io');
    await settle();
    assert.equal(device.inFlight.length, 0);
    device.clearing[0]();
    await settle();
    device.inFlight[0].complete(Uint8Array.of(1));

    assert.deepEqual(await next, [1]);
    assert.equal(device.calls.at(-1), 'clear halt 82');
  });

  it('and does not let its halt be cleared can be tried again', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    await using connection = await rig.open();
    const stalled = outcome(connection.transferIn(IN, 64, timeout));
    device.fails.set('clear halt', -1);

    device.inFlight[0].end(STALL);
    assert.equal(await stalled, 'stall');
    const next = outcome(connection.transferIn(IN, 64, timeout));
    await settle();
    device.inFlight[0].end(STALL);

    assert.equal(await next, 'stall');
  });

  it('is closed only when its halt has been cleared', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const connection = await rig.open();
    const stalled = outcome(connection.transferOut(OUT, Uint8Array.of(1), timeout));
    device.inFlight[0].end(STALL);
    assert.equal(await stalled, 'stall');

    const closing = connection[Symbol.asyncDispose]();
    await settle();
    assert.equal(device.calls.at(-1), 'clear halt 1');
    device.clearing[0]();
    await closing;

    assert.deepEqual(device.calls.slice(-2), ['release 0', 'close']);
  });

  it('is closed with nothing in flight when a transfer has waited for its halt to be cleared', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const connection = await rig.open();
    const stalled = outcome(connection.transferIn(IN, 64, timeout));
    device.inFlight[0].end(STALL);
    assert.equal(await stalled, 'stall');
    const behind = outcome(connection.transferIn(IN, 64, timeout));
    await settle();

    const closing = connection[Symbol.asyncDispose]();
    await settle();
    device.clearing[0]();
    await closing;

    assert.equal(await behind, 'io');
    assert.deepEqual(device.calls.slice(-2), ['release 0', 'close']);
  });
});

describe('a device that leaves while it is open', () => {
  it('ends the signal once, with its reason, and closing still works', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const connection = await rig.open();
    const read = outcome(connection.transferIn(IN, 64, timeout));

    rig.unplug(device);
    assert.match(String(connection.gone.reason), /the device left the bus at port 1-2/);
    device.fails.set('release', -4);
    device.inFlight[0].end(5);
    await connection[Symbol.asyncDispose]();

    assert.equal(await read, 'gone');
    assert.equal(device.calls.at(-1), 'close');
  });
});

describe('a device that libusb says has left, and is still there', () => {
  // Another program has reset it, or an administrator has forbidden and allowed it again (sysfs: authorized): the kernel
  // ends what is in flight with ESHUTDOWN, which libusb takes for an unplug, and nothing is unplugged.
  it('is gone for who had it open, and after half a second there again, as another attachment', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const before = await rig.only();
    const connection = await rig.open();
    const read = outcome(connection.transferIn(IN, 64, timeout));

    device.inFlight[0].end(5);
    assert.equal(await read, 'gone');
    assert.ok(connection.gone.aborted);
    assert.deepEqual(await rig.bus.list(), []);
    await connection[Symbol.asyncDispose]();
    let told = 0;
    rig.bus.subscribe(() => told++);
    await rig.clock.advance(500);

    assert.equal(told, 1);
    const after = await rig.only();
    assert.notEqual(after.key, before.key);
    await assert.rejects(rig.bus.open(before.key, 0), { kind: 'gone' });
    await using opened = await rig.bus.open(after.key, 0);
    const again = outcome(opened.transferIn(IN, 64, timeout));
    device.inFlight[0].complete(Uint8Array.of(1));
    assert.deepEqual(await again, [1]);
  });

  it('is there again only when who had it open has closed it: both would have the same device open', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const connection = await rig.open();
    const read = outcome(connection.transferIn(IN, 64, timeout));
    device.inFlight[0].end(5);
    assert.equal(await read, 'gone');

    await rig.clock.advance(5000);
    assert.deepEqual(await rig.bus.list(), []);
    await connection[Symbol.asyncDispose]();
    await rig.clock.advance(500);

    await using again = await rig.open();
    assert.ok(!again.gone.aborted);
    assert.deepEqual(device.calls.slice(-5), ['release 0', 'close', 'open', 'auto-detach true', 'claim 0']);
  });
});
