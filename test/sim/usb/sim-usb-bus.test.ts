import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { UsbError, type UsbErrorKind } from '../../../src/usb/usb-error.js';
import { settle } from '../../support/fake-clock.js';
import { ProbeRig } from '../probe-rig.js';

const BULK_OUT = 0x02;
const BULK_IN = 0x82;

function fails(promise: Promise<unknown>, kind: UsbErrorKind): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof UsbError && error.kind === kind);
}

describe('a device on the simulated bus', () => {
  it('is listed as a DAPLink, with a new key and the same port after a replug', async () => {
    await using rig = await ProbeRig.open({ uid: 'A1' });
    const [before] = await rig.bus.list();
    let changes = 0;
    const subscription = rig.bus.subscribe(() => changes++);

    rig.bus.unplug(rig.probe);
    assert.deepEqual(await rig.bus.list(), []);
    rig.bus.plug(rig.probe);

    const [after] = await rig.bus.list();
    assert.equal(changes, 2);
    subscription[Symbol.dispose]();
    rig.bus.deny(rig.probe, false);
    assert.equal(changes, 2);
    assert.equal(before.serial, 'A1');
    assert.equal(before.vendorId, 0x0d28);
    assert.deepEqual(
      before.interfaces.map(({ name, classCode }) => [name, classCode]),
      [
        ['CMSIS-DAP v1', 0x03],
        ['CMSIS-DAP v2', 0xff],
      ],
    );
    assert.equal(after.portPath, before.portPath);
    assert.notEqual(after.key, before.key);
  });

  it('cannot be opened twice, without permission, or when it has gone', async () => {
    await using rig = await ProbeRig.open();

    await fails(rig.bus.open(rig.key, 1), 'busy');
    await rig.usb[Symbol.asyncDispose]();
    const other = rig.bus.claimByOther(rig.probe, 1);
    await fails(rig.bus.open(rig.key, 1), 'busy');
    other[Symbol.dispose]();
    rig.bus.deny(rig.probe);
    await fails(rig.bus.open(rig.key, 1), 'access');
    assert.equal((await rig.bus.list())[0].accessible, false);
    rig.bus.unplug(rig.probe);
    await fails(rig.bus.open(rig.key, 1), 'gone');
  });

  it('fails what is in flight when it is unplugged, and says gone', async () => {
    await using rig = await ProbeRig.open();
    const reading = rig.read();

    rig.bus.unplug(rig.probe);

    await fails(reading, 'gone');
    assert.equal(rig.usb.gone.aborted, true);
    await fails(rig.read(), 'gone');
  });

  it('can fail with an ambiguous error before its loss is known', async () => {
    await using rig = await ProbeRig.open();
    const reading = rig.read();

    rig.bus.unplug(rig.probe, { pending: 'io', detachAfterMs: 100 });

    await fails(reading, 'io');
    await fails(rig.read(), 'io');
    assert.equal(rig.usb.gone.aborted, false);
    await rig.clock.advance(100);
    assert.equal(rig.usb.gone.aborted, true);
    assert.deepEqual(await rig.bus.list(), []);
  });
});

describe('transfers on the simulated bus', () => {
  it('use no timer for an exchange whose answer is there', async () => {
    await using rig = await ProbeRig.open();

    for (let i = 0; i < 3; i++) await rig.exchange(0x00, 0xfe);

    assert.equal(rig.clock.pending, 0);
  });

  it('complete in order when several are in flight', async () => {
    await using rig = await ProbeRig.open();
    const reads = [rig.read(), rig.read(), rig.read()];

    await rig.write(0x03);
    await rig.write(0x02, 1);
    await rig.write(0x00, 0xfe);

    assert.deepEqual(await Promise.all(reads), [
      [0x03, 0],
      [0x02, 1],
      [0x00, 1, 4],
    ]);
  });

  it('time out, and take nothing with them', async () => {
    await using rig = await ProbeRig.open();
    const late = fails(rig.usb.transferIn(BULK_IN, 512, { timeoutMs: 50 }), 'timeout');
    await rig.clock.advance(50);
    await late;

    assert.deepEqual(await rig.exchange(0x03), [0x03, 0]);
  });

  it('are cancelled by their signal', async () => {
    await using rig = await ProbeRig.open();
    const cancel = new AbortController();
    const reading = rig.usb.transferIn(BULK_IN, 512, { timeoutMs: 1000, signal: cancel.signal });

    cancel.abort(new Error('enough'));

    await assert.rejects(reading, /enough/);
    assert.equal(rig.bus.inFlight(rig.probe, BULK_IN), 0);
  });

  it('leave nothing at their signal when they end, however they end', async () => {
    await using rig = await ProbeRig.open();
    const { signal } = new AbortController();
    const options = { timeoutMs: 50, signal };
    await rig.write(0x03);
    await rig.usb.transferIn(BULK_IN, 512, options); // has an answer waiting
    const awaited = rig.usb.transferIn(BULK_IN, 512, options);
    await rig.write(0x03);
    await awaited;
    const late = fails(rig.usb.transferIn(BULK_IN, 512, options), 'timeout');
    await rig.clock.advance(50);
    await late;
    const stalled = fails(rig.usb.transferIn(BULK_IN, 512, options), 'stall');
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    rig.bus.stall(rig.probe, BULK_IN);
    await stalled;

    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  it('take the time they are given', async () => {
    await using rig = await ProbeRig.open();
    rig.bus.setTransferDelay(10);
    let answer: number[] | undefined;
    const exchange = rig.exchange(0x03).then((bytes) => (answer = bytes));

    await rig.clock.advance(19);
    assert.equal(answer, undefined);
    await rig.clock.advance(1);
    await exchange;

    assert.deepEqual(answer, [0x03, 0]);
  });

  it('stall until the endpoint is cleared', async () => {
    await using rig = await ProbeRig.open();
    const reading = rig.read();

    const stall = rig.bus.stall(rig.probe, BULK_IN);
    await fails(reading, 'stall');
    await fails(rig.read(), 'stall');
    stall[Symbol.dispose]();

    assert.deepEqual(await rig.exchange(0x03), [0x03, 0]);
  });

  it('overflow when the device sends more than was asked for', async () => {
    await using rig = await ProbeRig.open();
    rig.probe.interceptNext(0x03, { answer: () => new Uint8Array(513) });

    await rig.write(0x03);

    await fails(rig.usb.transferIn(BULK_IN, 500, { timeoutMs: 10 }), 'overflow');
  });

  it('are cut at the length asked for when that is a multiple of the packet size', async () => {
    await using rig = await ProbeRig.open({ bulkPacketSizeBytes: 64 });
    rig.probe.interceptNext(0x03, { answer: () => new Uint8Array(100).fill(7) });

    await rig.write(0x03);

    assert.equal((await rig.usb.transferIn(BULK_IN, 64, { timeoutMs: 10 })).length, 64);
    assert.equal((await rig.usb.transferIn(BULK_IN, 64, { timeoutMs: 10 })).length, 36);
  });

  it('are counted in USB packets', async () => {
    await using rig = await ProbeRig.open({ bulkPacketSizeBytes: 64 });

    await rig.usb.transferOut(BULK_OUT, new Uint8Array(100), { timeoutMs: 10 });

    assert.deepEqual(rig.bus.stats(rig.probe, BULK_OUT), { transfers: 1, packets: 2, bytes: 100 });
  });

  it('need a zero-length packet behind a command that fills its last one', async () => {
    await using rig = await ProbeRig.open({ bulkPacketSizeBytes: 64 });
    const command = new Uint8Array(64);
    command[0] = 0x03;

    await rig.usb.transferOut(BULK_OUT, command, { timeoutMs: 10 });
    assert.equal(rig.bus.stats(rig.probe, BULK_IN).transfers, 0);
    await rig.usb.transferOut(BULK_OUT, new Uint8Array(), { timeoutMs: 10 });

    assert.deepEqual(await rig.read(), [0x03, 0]);
  });

  it('wait at the probe when as many commands are on their way as it takes', async () => {
    await using rig = await ProbeRig.open({ packetCount: 2 });
    for (let i = 0; i < 4; i++) await rig.write(0x03); // two answers unread, two commands queued
    let accepted = false;
    const fifth = rig.write(0x02, 1).then(() => (accepted = true));
    await settle();
    assert.equal(accepted, false);

    await rig.read();
    await fifth;

    for (let i = 0; i < 3; i++) assert.deepEqual(await rig.read(), [0x03, 0]);
    assert.deepEqual(await rig.read(), [0x02, 1]);
  });

  it('are refused on an endpoint of another interface, and on a closed connection', async () => {
    await using rig = await ProbeRig.open();

    await fails(rig.usb.transferIn(0x81, 64, { timeoutMs: 10 }), 'io');
    const reading = rig.read();
    await rig.usb[Symbol.asyncDispose]();

    await fails(reading, 'io');
    await fails(rig.read(), 'io');
    assert.equal(rig.clock.pending, 0);
  });
});

describe('what probes do', () => {
  it('an answer left by a client that died waits for the next one', async () => {
    await using rig = await ProbeRig.open();
    await rig.write(0x02, 1);
    await rig.usb[Symbol.asyncDispose]();

    await using next = await rig.bus.open(rig.key, 1);

    assert.deepEqual([...(await next.transferIn(BULK_IN, 512, { timeoutMs: 10 }))], [0x02, 1]);
  });

  it('v1 answers in reports of full length, and ignores shorter ones', async () => {
    await using rig = await ProbeRig.open({ transports: 'v1' });

    const answer = await rig.exchange(0x00, 0xff);
    await rig.usb.transferOut(0x01, Uint8Array.of(0x03), { timeoutMs: 10 });

    assert.equal(answer.length, 64);
    assert.deepEqual(answer.slice(0, 4), [0x00, 2, 64, 0]);
    assert.equal(rig.probe.violations.length, 1);
  });

  it('an answer can be replaced, withheld, or held back', async () => {
    await using rig = await ProbeRig.open();
    rig.probe.interceptNext(0x03, { answer: () => Uint8Array.of(0x55) });
    assert.deepEqual(await rig.exchange(0x03), [0x55]);

    rig.probe.interceptNext(0x03, { answer: () => undefined });
    await rig.write(0x03);
    rig.probe.holdAnswers();
    const received = rig.probe.received(0x02);
    await rig.write(0x02, 1);
    await received;
    assert.equal(rig.bus.stats(rig.probe, BULK_IN).transfers, 1);
    rig.probe.releaseAnswers();

    assert.deepEqual(await rig.read(), [0x02, 1]);
  });

  it('clock and configuration get lost after a connect', async () => {
    await using rig = await ProbeRig.open({ quirks: { forgetsClockOn: 'connect' } });
    await rig.exchange(0x11, 0x00, 0x09, 0x3d, 0x00);
    assert.equal(rig.probe.clockHz, 4_000_000);

    await rig.exchange(0x02, 1);

    assert.equal(rig.probe.clockHz, 1_000_000);
  });

  it('fewer transfers are executed than asked for, with ACK OK', async () => {
    await using rig = await ProbeRig.open({ quirks: { maxTransfers: 1 } });
    await rig.connectSwd();

    assert.deepEqual(await rig.transfer(0x02, 0x02), { count: 1, response: 1, data: [0x0bc11477] });
  });

  it('a packet takes the time of its clocks where that is asked for', async () => {
    await using rig = await ProbeRig.open({ quirks: { busTime: true } });
    await rig.exchange(0x11, 0xe8, 0x03, 0, 0); // 1 kHz

    await rig.write(0x12, 100, ...new Array<number>(13).fill(0xff));
    await rig.clock.advance(99);
    assert.equal(rig.bus.stats(rig.probe, BULK_IN).transfers, 1);
    await rig.clock.advance(1);

    assert.deepEqual(await rig.read(), [0x12, 0]);
  });
});
