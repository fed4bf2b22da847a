// What every driver owes to those above it, shown with its simulated twins: the Probe interface, and that a probe works
// again after everything that can go wrong.

import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.js';
import { bitString } from '../../src/dap/bit-string.js';
import { TransferError, TransferFaultError, TransferTimeoutError } from '../../src/dap/errors.js';
import { ABORT, CSW, CTRL_STAT, DP, MEM_AP } from '../../src/dap/registers.js';
import { probeDrivers } from '../../src/probe/drivers.js';
import { ProbeAccessError, ProbeBusyError, ProbeDisconnectedError, ProbeError } from '../../src/probe/errors.js';
import type { Probe } from '../../src/probe/probe.js';
import type { ProbeDriver, ProbeSettings } from '../../src/probe/probe-driver.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import type { PacketHook } from '../../src/sim/firmware/packet-hooks.js';
import type { SimProbe } from '../../src/sim/sim-probe.js';
import type { AccessFault } from '../../src/sim/target/access-faults.js';
import { SimUsbBus } from '../../src/sim/usb/sim-usb-bus.js';
import { FakeClock } from '../support/fake-clock.js';
import { runClock } from '../support/run-clock.js';
import { simulatedTwins, type Twin } from './simulated-twins.js';

const NEVER = new AbortController().signal;
/** docs/simulated-board.md. */
const DPIDR = 0x0bc11477;
const CSW_WORDS = 0x23000000 | CSW.SIZE_WORD | CSW.ADDRINC_SINGLE;
const POWER_UP = CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ;
const CLEAR_STICKY = ABORT.STKCMPCLR | ABORT.STKERRCLR | ABORT.WDERRCLR | ABORT.ORUNERRCLR;
const LINE_RESET = bitString(51, 2n ** 51n - 1n);

/** Answers that a program may have left behind when it was killed. */
const staleAnswers = {
  'how many packets there are': Uint8Array.of(DapCommand.Info, 1, 7),
  'a packet size': Uint8Array.of(DapCommand.Info, 2, 0x80, 0),
  'a name': Uint8Array.of(DapCommand.Info, 5, ...Buffer.from('Acme\0')),
  'a transfer': Uint8Array.of(DapCommand.Transfer, 1, 1, 0xef, 0xbe, 0xad, 0xde),
  'the LED': Uint8Array.of(DapCommand.HostStatus, 0),
  'nothing it knows': Uint8Array.of(0xff),
} as const;

/** One twin on a bus, and its driver. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly bus = new SimUsbBus(this.clock);
  readonly sim: SimProbe;
  #probe: Probe | undefined;

  constructor(
    private readonly driver: ProbeDriver,
    readonly twin: Twin,
    private readonly settings: ProbeSettings,
  ) {
    this.sim = twin.build(this.clock);
    this.bus.plug(this.sim);
  }

  get probe(): Probe {
    assert.ok(this.#probe, 'open it first');
    return this.#probe;
  }

  /** Lets time pass until `promise` settles. */
  run<T>(promise: Promise<T>): Promise<T> {
    return runClock(this.clock, promise);
  }

  async open(signal = NEVER): Promise<void> {
    const [device] = await this.bus.list();
    const { bus, clock, settings } = this;
    const context = { uid: 'A1', bus, clock, log: silentLogger, settings };
    this.#probe = await this.run(this.driver.open(device, context, signal));
  }

  async close(): Promise<void> {
    const probe = this.#probe;
    this.#probe = undefined;
    if (probe) await this.run(Promise.resolve(probe[Symbol.asyncDispose]()));
  }

  /** Line reset, switch to SWD, line reset, idle (IHI 0031 B5.2.1), and power up. @returns DPIDR */
  async connectSwd(): Promise<number> {
    const { probe } = this;
    assert.equal(await this.run(probe.connect('SWD', NEVER)), 'SWD');
    await this.swj(LINE_RESET, bitString(16, 0xe79e), LINE_RESET, bitString(8, 0));
    return this.#powerUp();
  }

  /** Line reset, switch to JTAG, Test-Logic-Reset (IHI 0031 B5.2.2), and power up. @returns DPIDR */
  async connectJtag(): Promise<number> {
    const { probe } = this;
    assert.equal(await this.run(probe.connect('JTAG', NEVER)), 'JTAG');
    await this.swj(LINE_RESET, bitString(16, 0xe73c), bitString(8, 0xff), bitString(1, 0));
    return this.#powerUp();
  }

  async swj(...sequences: ReturnType<typeof bitString>[]): Promise<void> {
    for (const sequence of sequences) await this.run(this.probe.swjSequence?.(sequence, NEVER) ?? assert.fail());
  }

  async readRam(offset: number, count: number): Promise<Uint32Array> {
    await this.select(offset);
    return this.run(this.probe.dap.readAp(MEM_AP.DRW, count, NEVER));
  }

  async writeRam(offset: number, words: Uint32Array): Promise<void> {
    await this.select(offset);
    await this.run(this.writeAndFlush(words));
  }

  async writeAndFlush(words: Uint32Array): Promise<void> {
    await this.probe.dap.writeAp(MEM_AP.DRW, words, NEVER);
    await this.probe.dap.flush(NEVER);
  }

  /** TAR wraps at 1 KB (IHI 0031 C2.2.2), so `offset` is at such a border, and RAM beyond 1 KB is not seen in one go. */
  async select(offset: number): Promise<void> {
    await this.run(this.probe.dap.writeAp(MEM_AP.CSW, Uint32Array.of(CSW_WORDS), NEVER));
    await this.run(this.probe.dap.writeAp(MEM_AP.TAR, Uint32Array.of(RAM_BASE + offset), NEVER));
  }

  /** Back to a target in order, whatever it was in, the way a client does it; then memory must be right. */
  async servesAgain(): Promise<void> {
    this.sim.board.faults.clear();
    await this.swj(LINE_RESET, bitString(8, 0));
    assert.equal(await this.run(this.probe.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
    await this.run(this.probe.dap.writeDp(DP.ABORT, CLEAR_STICKY | ABORT.DAPABORT, NEVER));
    await this.#memoryIsRight();
  }

  /** Opened anew, it serves. */
  async servesAfterOpen(): Promise<void> {
    await this.open();
    assert.equal(await this.connectSwd(), DPIDR);
    await this.#memoryIsRight();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.bus[Symbol.asyncDispose]();
  }

  async #memoryIsRight(): Promise<void> {
    const words = numbered(100, 0x5a000000);
    setRam(this.sim, 0x400, words);
    assert.deepEqual(await this.readRam(0x400, words.length), words);
  }

  async #powerUp(): Promise<number> {
    const dpidr = await this.run(this.probe.dap.readDp(DP.DPIDR, NEVER));
    await this.run(this.probe.dap.writeDp(DP.ABORT, CLEAR_STICKY, NEVER));
    await this.run(this.probe.dap.writeDp(DP.CTRL_STAT, POWER_UP >>> 0, NEVER));
    return dpidr;
  }
}

function numbered(count: number, from: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => from + i);
}

function setRam(sim: SimProbe, offset: number, words: Uint32Array): void {
  for (const [i, word] of words.entries()) sim.board.memory.write(RAM_BASE + offset + 4 * i, 4, word);
}

function getRam(sim: SimProbe, offset: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => sim.board.memory.read(RAM_BASE + offset + 4 * i, 4));
}

/** What `count` words from a 1 KB border read as, or leave behind: TAR wraps after 256. */
function wrapped(words: Uint32Array): Uint32Array {
  return words.map((_, i) => words[i % 256]);
}

type AccessErrorClass = new (...args: never[]) => Error;

const targetFaults: readonly [what: string, fault: AccessFault, error: AccessErrorClass][] = [
  ['answers FAULT', { kind: 'fault', on: { port: 'AP' } }, TransferFaultError],
  ['answers WAIT for ever', { kind: 'wait', on: { port: 'AP' }, times: Infinity }, TransferTimeoutError],
  ['does not answer', { kind: 'no-ack', on: { port: 'AP' } }, TransferError],
  ['answers with wrong parity', { kind: 'parity', on: { port: 'AP', direction: 'read' } }, TransferError],
];

const shortAnswer: PacketHook = { answer: (answer) => answer.slice(0, 2) };

const badAnswers: readonly [what: string, hook: PacketHook][] = [
  ['to another command', { answer: (answer) => Uint8Array.of(DapCommand.Info, ...answer.subarray(1)) }],
  ['of two bytes', shortAnswer],
  ['that does not come', { answer: () => undefined }],
];

for (const driver of probeDrivers) {
  const twins = simulatedTwins[driver.family] ?? [];

  it(`the ${driver.family} driver has simulated twins to be tested with`, () => assert.ok(twins.length > 0));

  for (const twin of twins) {
    // What is fast gives what the slow way gives: all of them keep the one contract.
    for (const [how, settings] of [
      ['writes not posted, one packet at a time', { postedWrites: false, maxPacketsInFlight: 1 }],
      ['writes not posted', { postedWrites: false }],
      ['writes posted', { postedWrites: true }],
    ] as const) {
      describe(`the ${driver.family} driver and its twin, ${twin.name}, ${how}`, () =>
        contract(driver, twin, settings));
    }
  }
}

function contract(driver: ProbeDriver, twin: Twin, settings: ProbeSettings): void {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig(driver, twin, settings);
  });
  afterEach(async () => {
    await rig.close();
    const [device] = await rig.bus.list();
    for (const { number } of device.interfaces) await (await rig.bus.open(device.key, number))[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
    assert.deepEqual(rig.sim.violations, []);
    assert.equal(rig.clock.pending, 0);
  });

  it('is recognised, opened, closed and opened again', async () => {
    const [device] = await rig.bus.list();
    assert.equal(driver.match(device)?.family, driver.family);

    await rig.open();
    await rig.close();
    await rig.servesAfterOpen();
  });

  it('connects with both wire protocols', async () => {
    await rig.open();

    assert.deepEqual(rig.probe.wireProtocols, ['SWD', 'JTAG']);
    assert.equal(await rig.connectSwd(), DPIDR);
    await rig.run(rig.probe.disconnect(NEVER));
    assert.equal(await rig.connectJtag(), DPIDR);
    const words = numbered(100, 1);
    await rig.writeRam(0x800, words);
    assert.deepEqual(await rig.readRam(0x800, words.length), words);
  });

  for (const count of [1, 2, 14, 15, 16, 126, 127, 255, 256, 257, 2000]) {
    it(`reads and writes ${count} words`, async () => {
      await rig.open();
      await rig.connectSwd();
      setRam(rig.sim, 0, numbered(512, 0xc0000000));

      const read = await rig.readRam(0, count);
      await rig.writeRam(0x400, numbered(Math.min(count, 256), 0xd0000000));

      assert.deepEqual(read, wrapped(numbered(count, 0xc0000000)));
      assert.deepEqual(getRam(rig.sim, 0x400, Math.min(count, 256)), numbered(Math.min(count, 256), 0xd0000000));
      assert.equal(getRam(rig.sim, 0x800, 1)[0], 0);
    });
  }

  for (const [what, fault, error] of targetFaults) {
    for (const count of [1, 600]) {
      it(`serves again after a target that ${what} in a read of ${count}`, async () => {
        await rig.open();
        await rig.connectSwd();
        await rig.select(0);
        rig.sim.board.faults.inject({ ...fault, after: count >> 1 });

        await assert.rejects(rig.run(rig.probe.dap.readAp(MEM_AP.DRW, count, NEVER)), error);

        await rig.servesAgain();
      });
    }
  }

  it('tells the error of a write at the latest with flush, and writes nothing behind it', async () => {
    await rig.open();
    await rig.connectSwd();
    await rig.select(0);
    const words = numbered(256, 0xe0000000);
    rig.sim.board.faults.inject({ kind: 'fault', on: { port: 'AP', direction: 'write', address: 0xc }, after: 100 });

    await assert.rejects(rig.run(rig.writeAndFlush(words)), TransferFaultError);

    assert.deepEqual(getRam(rig.sim, 0, 100), words.slice(0, 100));
    assert.deepEqual(getRam(rig.sim, 400, 156), new Uint32Array(156));
    await rig.servesAgain();
  });

  it('tells over JTAG, where no ACK says FAULT, that an access failed, and serves again once the flag is cleared', async () => {
    await rig.open();
    await rig.connectJtag();
    const clear = (POWER_UP | CTRL_STAT.STICKYERR) >>> 0;
    const words = numbered(256, 0xf0000000);
    for (const count of [1, 2, 14, 126, 127, 256]) {
      const some = words.subarray(0, count);
      await rig.select(0x70000000); // 0x90000000: nothing is there
      await assert.rejects(rig.run(rig.probe.dap.readAp(MEM_AP.DRW, count, NEVER)), TransferFaultError);
      await assert.rejects(rig.run(rig.probe.dap.readAp(MEM_AP.IDR, 1, NEVER)), TransferFaultError, 'until cleared');
      await rig.run(rig.probe.dap.writeDp(DP.CTRL_STAT, clear, NEVER));

      await rig.select(0x70000000);
      await assert.rejects(rig.run(rig.writeAndFlush(some)), TransferFaultError);
      await rig.run(rig.probe.dap.writeDp(DP.CTRL_STAT, clear, NEVER));

      await rig.writeRam(0x400, some);
      assert.deepEqual(await rig.readRam(0x400, count), some);
    }
  });

  for (const [what, hook] of badAnswers) {
    for (const [access, command, count] of [
      ['a single read', DapCommand.Transfer, 1],
      ['a block read', DapCommand.TransferBlock, 600],
    ] as const) {
      it(`serves again after an answer ${what} in ${access}`, async () => {
        await rig.open();
        await rig.connectSwd();
        await rig.select(0);
        rig.sim.interceptNext(command, hook);

        await assert.rejects(
          rig.run(rig.probe.dap.readAp(MEM_AP.DRW, count, NEVER)),
          // In a report, which is always of full length, what is missing reads as zeros: no ACK that exists.
          (error) => error instanceof ProbeError || (error instanceof TransferError && hook === shortAnswer),
        );

        await rig.servesAgain();
      });
    }
  }

  it('takes no late answer for that of a later command', async () => {
    await rig.open();
    await rig.connectSwd();
    setRam(rig.sim, 0, numbered(4, 0xaaaa0000));
    await rig.select(0);
    rig.sim.holdAnswers();

    await assert.rejects(rig.run(rig.probe.dap.readAp(MEM_AP.DRW, 1, NEVER)), ProbeError);
    rig.sim.releaseAnswers();

    await rig.servesAgain();
  });

  it('takes no answer to another program for its own', async () => {
    rig.sim.leaveStale(Uint8Array.of(DapCommand.Info, 2, 0xff, 0xff));
    rig.sim.leaveStale(Uint8Array.of(DapCommand.Transfer, 1, 1, 0xef, 0xbe, 0xad, 0xde));

    await rig.servesAfterOpen();
  });

  // A packet may be on its way while the pipe is drained: in a hub, in the host, or in a firmware that is still at work.
  for (const [whose, answer] of Object.entries(staleAnswers)) {
    it(`takes no answer to another program for its own that comes with the first of its own: ${whose}`, async () => {
      await rig.open();
      const { details } = rig.probe;
      await rig.close();
      rig.sim.interceptNext('any', { command: (command) => (rig.sim.leaveStale(answer), command) });

      await rig.open();

      assert.deepEqual(rig.probe.details, details);
      assert.equal(await rig.connectSwd(), DPIDR);
    });
  }

  it('keeps question and answer together at open however slow it is', async () => {
    await rig.open();
    const { details } = rig.probe;
    await rig.close();
    const slow = rig.sim.onCommand('any', {
      answer: (answer) => void rig.clock.timer(70, () => rig.sim.leaveStale(answer)),
    });

    await rig.open();
    slow[Symbol.dispose]();

    assert.deepEqual(rig.probe.details, details);
    assert.equal(await rig.connectSwd(), DPIDR);
  });

  it('serves again after a halted endpoint', async () => {
    await rig.open();
    await rig.connectSwd();
    const stall = rig.bus.stall(rig.sim, twin.answerEndpoint);

    await assert.rejects(rig.run(rig.probe.dap.readDp(DP.DPIDR, NEVER)), ProbeError);
    stall[Symbol.dispose]();

    await rig.servesAgain();
  });

  it('says that it is gone when it is unplugged in mid-transfer, then and later, and serves after replug', async () => {
    await rig.open();
    await rig.connectSwd();
    await rig.select(0);
    await rig.run(rig.probe.dap.flush(NEVER));
    rig.sim.holdAnswers();

    const received = rig.sim.received(DapCommand.TransferBlock);
    const read = rig.probe.dap.readAp(MEM_AP.DRW, 2000, NEVER);
    read.catch(() => undefined);
    await received;
    rig.bus.unplug(rig.sim);

    await assert.rejects(read, ProbeDisconnectedError);
    await assert.rejects(rig.run(rig.probe.dap.readDp(DP.DPIDR, NEVER)), ProbeDisconnectedError);
    await rig.close();
    rig.sim.releaseAnswers();
    rig.bus.plug(rig.sim);
    await rig.servesAfterOpen();
  });

  it('is gone, not broken, when the host controller reports an error shortly before the loss', async () => {
    await rig.open();
    await rig.connectSwd();
    rig.sim.holdAnswers();

    const read = rig.probe.dap.readDp(DP.DPIDR, NEVER);
    read.catch(() => undefined);
    rig.bus.unplug(rig.sim, { pending: 'io', detachAfterMs: 400 });

    await assert.rejects(rig.run(read), ProbeDisconnectedError);
    await rig.close();
    rig.sim.releaseAnswers();
    rig.bus.plug(rig.sim);
    await rig.servesAfterOpen();
  });

  it('cannot be opened while it is busy or forbidden, and can afterwards', async () => {
    const claims = rig.sim.descriptor.interfaces.map(({ number }) => rig.bus.claimByOther(rig.sim, number));
    await assert.rejects(rig.open(), ProbeBusyError);
    for (const claim of claims) claim[Symbol.dispose]();
    rig.bus.deny(rig.sim);
    await assert.rejects(rig.open(), ProbeAccessError);
    rig.bus.deny(rig.sim, false);

    await rig.servesAfterOpen();
  });

  it('cannot be opened through another of its interfaces while one is busy: both lead to the same firmware', async () => {
    const claim = rig.bus.claimByOther(rig.sim, rig.sim.descriptor.interfaces.length - 1);

    await assert.rejects(rig.open(), ProbeBusyError);

    claim[Symbol.dispose]();
    await rig.servesAfterOpen();
  });

  it('is not opened with a signal that has aborted, nor with one that aborts meanwhile', async () => {
    await assert.rejects(rig.open(AbortSignal.abort(new Error('gone away'))), /gone away/);
    const abort = new AbortController();
    rig.sim.onCommand('any', { answer: (answer) => (abort.abort(new Error('gone away')), answer) });

    await assert.rejects(rig.open(abort.signal), /gone away/);
  });

  it('drives nRESET and lets go of it when it is closed', async () => {
    await rig.open();
    await rig.connectSwd();

    await rig.run(rig.probe.setReset(true, NEVER));
    assert.equal(await rig.run(rig.probe.readReset(NEVER)), true);
    await rig.close();

    await rig.open();
    assert.equal(await rig.run(rig.probe.readReset(NEVER)), false);
  });
}
