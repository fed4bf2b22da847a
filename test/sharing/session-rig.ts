import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.js';
import { bitString } from '../../src/dap/bit-string.js';
import { NoAckError } from '../../src/dap/errors.js';
import { CTRL_STAT, DP } from '../../src/dap/registers.js';
import type { WireProtocol } from '../../src/dap/wire-protocol.js';
import { findDriver } from '../../src/probe/drivers.js';
import type { ProbeSettings } from '../../src/probe/probe-driver.js';
import { targetSelPieces } from '../../src/probe/target-sel.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { ProbeSession, type ProbeSessionOptions } from '../../src/sharing/probe-session.js';
import { simCmsisDap, type SimProbe, type SimProbeOptions } from '../../src/sim/sim-probe.js';
import { SimUsbBus } from '../../src/sim/usb/sim-usb-bus.js';
import { FakeClock } from '../support/fake-clock.js';
import { runClock } from '../support/run-clock.js';

export const NEVER = new AbortController().signal;
/** Eight ones and the selection alert: IHI 0031 B5.3.4. */
export const ALERT = (0x19bc0ea2_e3ddafe9_86852d95_6209f392n << 8n) | 0xffn;
const LINE_RESET = bitString(51, 2n ** 51n - 1n);
const IDLE = bitString(2, 0);

/** Line reset, switch, line reset, idle; or Test-Logic-Reset and Run-Test/Idle: IHI 0031 B5.2. */
const switchTo = {
  SWD: [LINE_RESET, bitString(16, 0xe79e), LINE_RESET, bitString(8, 0)],
  JTAG: [LINE_RESET, bitString(16, 0xe73c), bitString(8, 0xff), bitString(1, 0)],
} as const;

/** One request of a client. */
export type Request = (lease: ClientLease) => Promise<unknown>;

/** What a stock client sends, with the target connected, to wake up a multi-drop line and select a debug port on it. */
export function wakingUp(targetSel: number): readonly Request[] {
  const sequences = [bitString(136, ALERT), bitString(12, 0x1a0), LINE_RESET, IDLE, LINE_RESET, IDLE];
  return [
    ...sequences.map(
      (sequence): Request =>
        (lease) =>
          lease.swjSequence(sequence, NEVER),
    ),
    (lease) => lease.swdSequence(targetSelPieces(targetSel), NEVER),
    (lease) => lease.dap.readDp(DP.DPIDR, NEVER),
  ];
}

export interface SessionRigOptions {
  readonly probe?: Partial<SimProbeOptions>;
  readonly session?: Partial<ProbeSessionOptions>;
  readonly driver?: ProbeSettings;
}

/** A session over the real driver and a simulated probe, which is plugged in; time stands still but for `run`. */
export class SessionRig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly bus = new SimUsbBus(this.clock);
  readonly sim: SimProbe;
  readonly session: ProbeSession;
  readonly #settings: ProbeSettings;
  #clients = 0;

  private constructor({ probe, session, driver = {} }: SessionRigOptions) {
    const { clock } = this;
    this.#settings = driver;
    this.sim = simCmsisDap({ uid: 'A1', clock, ...probe });
    this.session = new ProbeSession({
      ...{
        uid: 'A1',
        vendor: 'Arm',
        product: 'DAPLink',
        clock,
        log: silentLogger,
        memoryHandles: true,
        lockIdleTimeoutMs: 2000,
      },
      ...session,
    });
  }

  static async start(options: SessionRigOptions = {}): Promise<SessionRig> {
    const rig = new SessionRig(options);
    await rig.plug();
    return rig;
  }

  async plug(): Promise<void> {
    this.bus.plug(this.sim);
    const [device] = await this.bus.list();
    const context = { uid: 'A1', bus: this.bus, clock: this.clock, log: silentLogger, settings: this.#settings };
    const driver = findDriver(device)?.driver ?? assert.fail();
    this.session.attach((signal) => driver.open(device, context, signal));
  }

  async unplug(): Promise<void> {
    this.bus.unplug(this.sim);
    await this.session.detach();
  }

  lease(principal = 'user:ada'): ClientLease {
    return this.session.newLease({ id: ++this.#clients, address: '127.0.0.1:1', principal });
  }

  /** A lease that has opened the probe. */
  async opened(): Promise<ClientLease> {
    const lease = this.lease();
    await this.run(lease.open(NEVER));
    return lease;
  }

  /** A lease that has connected, switched the target over and powered it up. */
  async connected(protocol: WireProtocol = 'SWD'): Promise<ClientLease> {
    const lease = await this.opened();
    await this.run(lease.connect(protocol, NEVER));
    await this.wakeUp(lease, protocol);
    return lease;
  }

  /** A lease that has woken up a multi-drop line and selected a debug port on it. */
  async selected(targetSel: number): Promise<ClientLease> {
    const lease = await this.opened();
    await this.run(lease.connect('SWD', NEVER));
    for (const step of wakingUp(targetSel)) await this.run(step(lease));
    return lease;
  }

  /** What a client does for a target that may listen to anything, or be without power. */
  async wakeUp(lease: ClientLease, protocol: WireProtocol = 'SWD'): Promise<void> {
    for (const sequence of switchTo[protocol]) await this.run(lease.swjSequence(sequence, NEVER));
    await this.run(lease.dap.readDp(DP.DPIDR, NEVER));
    const power = CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ;
    await this.run(lease.dap.writeDp(DP.CTRL_STAT, power >>> 0, NEVER));
  }

  /** Nobody answers an access of a client: it has lost the line. */
  async loseLine({ dap }: ClientLease): Promise<void> {
    this.sim.board.faults.inject({ kind: 'no-ack' });
    await assert.rejects(this.run(dap.readDp(DP.CTRL_STAT, NEVER)), NoAckError);
  }

  /** Lets time pass until `promise` settles. */
  run<T>(promise: Promise<T>): Promise<T> {
    return runClock(this.clock, promise);
  }

  /** Whether another program could have the probe. */
  async isFree(): Promise<boolean> {
    const [device] = await this.bus.list();
    try {
      await (await this.bus.open(device.key, 1))[Symbol.asyncDispose]();
      return true;
    } catch {
      return false; // busy: all that the bus has to say here
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(Promise.resolve(this.session[Symbol.asyncDispose]()));
    await this.bus[Symbol.asyncDispose]();
    assert.deepEqual(this.sim.violations, []);
    assert.equal(this.clock.pending, 0);
  }
}
