import assert from 'node:assert/strict';
import { sleep, systemClock } from '../../src/base/clock.js';
import type { ProbeRow, Status } from '../../src/control/snapshots.js';
import type { Vm } from './vm.js';

const UNIT = 'probed.service';
const SOCKET = '/run/probed/control.sock';
const CONFIG = '/etc/probed-test.toml';
const LOOK_MS = 100;
/** Clients on the host come in through the guest's network. */
const DEFAULT_CONFIG = '[listen]\nallow_remote = ["any"]\n';

export interface ProcessFigures {
  readonly descriptors: number;
  readonly threads: number;
}

/** The daemon under test in the guest: the built program as a service user without rights. */
export class GuestDaemon {
  private constructor(
    private readonly vm: Vm,
    readonly pid: number,
  ) {}

  /** Starts it, and waits until it answers on its control socket. @param nodeOptions  to run it with */
  static async start(vm: Vm, config = DEFAULT_CONFIG, nodeOptions: readonly string[] = []): Promise<GuestDaemon> {
    const { agent } = vm;
    await agent.writeFile(CONFIG, config);
    const properties = [
      'User=probed',
      'Group=probed',
      'StateDirectory=probed',
      'RuntimeDirectory=probed',
      'LogsDirectory=probed',
      'Type=exec',
    ];
    await agent.output([
      ...['systemd-run', '--quiet', '--collect', `--unit=${UNIT}`, ...properties.map((text) => `--property=${text}`)],
      ...['/opt/vm-agent/node', ...nodeOptions],
      ...['/opt/payload/dist/main.js', '--config', CONFIG, '--log-level', 'debug'],
    ]);
    await agent.shell(`for i in $(seq 600); do [ -S ${SOCKET} ] && exit; sleep 0.1; done; exit 1`, {
      timeoutMs: 90_000,
    });
    const daemon = new GuestDaemon(
      vm,
      Number(await agent.output(['systemctl', 'show', '--value', '-p', 'MainPID', UNIT])),
    );
    await daemon.status();
    return daemon;
  }

  /** Sends a command to the control socket. @see docs/control-protocol.md */
  control(command: string, args?: object): Promise<unknown> {
    return this.vm.agent.call('control', { socket: SOCKET, command, ...(args && { arguments: args }) });
  }

  status(): Promise<Status> {
    return this.control('status') as Promise<Status>;
  }

  /** Resolves with the daemon's probes as soon as they are as asked; fails after `timeoutMs` with what they were. */
  async probes(
    wanted: (probes: readonly ProbeRow[]) => boolean,
    what: string,
    timeoutMs = 30_000,
  ): Promise<readonly ProbeRow[]> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { probes } = await this.status();
      if (wanted(probes)) return probes;
      const rows = probes.map(({ uid, state, port }) => `${uid} ${state} ${port}`);
      assert(performance.now() < deadline, `not so after ${timeoutMs} ms: ${what}; probes: ${rows.join(', ')}`);
      await sleep(systemClock, LOOK_MS);
    }
  }

  /** The probe as soon as its port listens and it can be opened. */
  async served(uid: string): Promise<ProbeRow> {
    const isServed = (row: ProbeRow): boolean =>
      row.uid === uid && row.addresses.length > 0 && (row.state === 'ready' || row.state === 'in-use');
    const probes = await this.probes((all) => all.some(isServed), `${uid} is served`);
    const row = probes.find(isServed);
    assert(row);
    return row;
  }

  figures(): Promise<ProcessFigures> {
    return this.vm.agent.call('processFigures', { pid: this.pid }) as Promise<ProcessFigures>;
  }

  /** What it has logged so far. */
  log(): Promise<string> {
    return this.vm.agent.shell(`journalctl --no-pager --output cat --unit ${UNIT}`);
  }

  async stop(): Promise<void> {
    await this.vm.agent.output(['systemctl', 'stop', UNIT]);
  }
}
