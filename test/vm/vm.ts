import { Disposer } from '../../src/base/disposer.js';
import type { SimUsbDevice } from '../../src/sim/usb/sim-usb-device.js';
import type { GuestAgent } from './guest-agent.js';
import { Stopwatch } from './stopwatch.js';
import type { Machine } from './machine.js';
import { setUpGuest } from './set-up-guest.js';
import { RedirectedDevice } from './usbredir/redirected-device.js';

/** A running guest with empty USB sockets. */
export class Vm implements AsyncDisposable {
  readonly agent: GuestAgent;
  readonly stopwatch: Stopwatch;
  /** What was plugged into each socket last. */
  readonly #plugged = new Map<number, RedirectedDevice>();
  readonly #disposer = new Disposer();

  private constructor(readonly machine: Machine) {
    this.agent = machine.agent;
    this.stopwatch = new Stopwatch(machine.agent);
    this.#disposer.use(machine);
  }

  /** @param machine  which ends with the result, or with a failure of this */
  static async from(machine: Machine): Promise<Vm> {
    const vm = new Vm(machine);
    try {
      // The guest's clock stands where the snapshot was taken.
      await vm.agent.output(['date', '--set', new Date().toISOString()]);
      return vm;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Plugs a device into a USB socket of the guest, 1 … 8. */
  async plug(device: SimUsbDevice, socket: number): Promise<RedirectedDevice> {
    const plugged = await RedirectedDevice.plug(device, this.machine.usbSocketPath(socket), `1-${socket}`);
    this.#plugged.set(socket, plugged);
    return this.#disposer.use(plugged);
  }

  /** @returns the port on 127.0.0.1 that leads to `guestPort` from now on */
  async forward(guestPort: number): Promise<number> {
    await this.machine.qmp.monitor(`hostfwd_add net0 tcp:127.0.0.1:0-:${guestPort}`);
    const table = await this.machine.qmp.monitor('info usernet');
    // Protocol[State]  FD  Source address  Port  Dest. address  Port ...
    const row = new RegExp(
      `TCP\\[HOST_FORWARD\\]\\s+\\d+\\s+127\\.0\\.0\\.1\\s+(\\d+)\\s+\\S+\\s+${guestPort}\\s`,
    ).exec(table);
    if (!row) throw new Error(`port ${guestPort} of the guest is not forwarded:\n${table}`);
    return Number(row[1]);
  }

  /** Reboots the guest, and waits until it has. What is plugged in stays so; forwarded ports do, too. */
  async reboot(): Promise<void> {
    const reset = this.machine.qmp.event('RESET');
    // A second later: the agent has answered by then, and is ended by it.
    await this.agent.output(['systemd-run', '--quiet', '--on-active=1', 'systemctl', 'reboot']);
    await reset;
    await setUpGuest(this.agent);
  }

  /** What somebody needs who looks into a failure: the guest's journal and the packets on its USB. */
  async describe(): Promise<string> {
    const journal = this.agent.shell('journalctl --no-pager --output short-monotonic --lines 120').catch(String);
    const traces = [...this.#plugged.values()].map(
      ({ portPath, trace }) => `--- USB packets at ${portPath} ---\n${String(trace)}`,
    );
    return [`--- journal of the guest ---\n${await journal}`, ...traces].join('\n');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposer[Symbol.asyncDispose]();
  }
}
