import assert from 'node:assert/strict';
import { simCmsisDap, type SimProbe, type SimProbeOptions } from '../../src/sim/sim-probe.js';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import { SimUsbBus } from '../../src/sim/usb/sim-usb-bus.js';
import type { DeviceKey, UsbConnection } from '../../src/usb/usb-bus.js';
import { FakeClock } from '../support/fake-clock.js';

export const transfer = { timeoutMs: 1000 };

/** A simulated probe, opened, and spoken to in raw packets. */
export class ProbeRig implements AsyncDisposable {
  private constructor(
    readonly clock: FakeClock,
    readonly bus: SimUsbBus,
    readonly probe: SimProbe,
    readonly key: DeviceKey,
    readonly usb: UsbConnection,
    readonly transport: 'hid' | 'bulk',
  ) {}

  static async open(
    options: Partial<SimProbeOptions> = {},
    transport: 'hid' | 'bulk' = options.transports === 'v1' ? 'hid' : 'bulk',
  ): Promise<ProbeRig> {
    const clock = new FakeClock();
    const bus = new SimUsbBus(clock);
    const probe = simCmsisDap({ uid: 'A1', clock, ...options });
    const key = bus.plug(probe);
    const number = transport === 'hid' ? 0 : probe.descriptor.interfaces.length - 1;
    return new ProbeRig(clock, bus, probe, key, await bus.open(key, number), transport);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.usb[Symbol.asyncDispose]();
    await this.bus[Symbol.asyncDispose]();
  }

  async write(...command: number[]): Promise<void> {
    if (this.transport === 'hid') {
      const report = new Uint8Array(this.probe.packetSizeBytes);
      report.set(command);
      await this.usb.transferOut(ProbeEndpoint.HidOut, report, transfer);
    } else await this.usb.transferOut(ProbeEndpoint.BulkOut, Uint8Array.from(command), transfer);
  }

  async read(): Promise<number[]> {
    const endpoint = this.transport === 'hid' ? ProbeEndpoint.HidIn : ProbeEndpoint.BulkIn;
    return [...(await this.usb.transferIn(endpoint, this.probe.packetSizeBytes, transfer))];
  }

  async exchange(...command: number[]): Promise<number[]> {
    await this.write(...command);
    return this.read();
  }

  /** Connects over SWD, switches the target over and powers it up (IHI 0031 B5.2.2; CMSIS-DAP, DAP_Connect). */
  async connectSwd(): Promise<void> {
    assert.deepEqual(await this.exchange(0x02, 1), [0x02, 1]);
    await this.swj(51, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    await this.swj(16, 0x9e, 0xe7);
    await this.swj(51, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    await this.swj(8, 0);
    assert.deepEqual(await this.exchange(0x05, 0, 1, 0x02), [0x05, 1, 1, 0x77, 0x14, 0xc1, 0x0b]);
    assert.deepEqual(await this.exchange(0x05, 0, 1, 0x04, ...word(0x50000f00)), [0x05, 1, 1]);
  }

  async swj(bits: number, ...bytes: number[]): Promise<void> {
    assert.deepEqual(await this.exchange(0x12, bits, ...bytes), [0x12, 0]);
  }

  /** One DAP_Transfer of single reads and writes. */
  async transfer(...transfers: (number | [kind: number, value: number])[]): Promise<TransferAnswer> {
    const bytes = transfers.flatMap((t) => (typeof t === 'number' ? [t] : [t[0], ...word(t[1])]));
    const answer = Uint8Array.from(await this.exchange(0x05, 0, transfers.length, ...bytes));
    assert.equal(answer[0], 0x05);
    const view = new DataView(answer.buffer);
    const data = Array.from({ length: (answer.length - 3) >> 2 }, (_, i) => view.getUint32(3 + 4 * i, true));
    return { count: answer[1], response: answer[2], data };
  }
}

export interface TransferAnswer {
  readonly count: number;
  readonly response: number;
  readonly data: readonly number[];
}

/** Transfer request bytes: APnDP, RnW, A[3:2] (CMSIS-DAP, DAP_Transfer). */
export const T = {
  READ_DPIDR: 0x02,
  WRITE_ABORT: 0x00,
  READ_CTRL_STAT: 0x06,
  WRITE_CTRL_STAT: 0x04,
  WRITE_SELECT: 0x08,
  READ_RDBUFF: 0x0e,
  READ_CSW: 0x03,
  WRITE_CSW: 0x01,
  READ_TAR: 0x07,
  WRITE_TAR: 0x05,
  READ_DRW: 0x0f,
  WRITE_DRW: 0x0d,
} as const;

/** Little-endian. */
export function word(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
