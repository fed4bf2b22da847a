// The virtual machine: which devices it has, and the process that runs it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GuestAgent } from './guest-agent.js';
import type { GuestImage } from './guest-image.js';
import { Qmp } from './qmp.js';

/** USB sockets of the guest that something can be plugged into: 1 … 8. */
export const USB_SOCKETS = 8;
const MEMORY_MB = 768;
const START_TIMEOUT_MS = 60_000;
/** No run of one machine is longer. */
const LIFE_TIMEOUT_MS = 3_600_000;

export interface MachineOptions {
  readonly image: GuestImage;
  /** A read-only file system that the guest finds as its second disk. */
  readonly payload: string;
  /** Disk that is written to: a qcow2 overlay of the image's. */
  readonly disk: string;
  /** For sockets and the console's text. Its path must be short: a unix socket's has 107 bytes. */
  readonly folder: string;
  /** A folder of this machine that the guest may mount read-only over 9p, as "host"; not while a snapshot is taken. */
  readonly shared?: string;
  /** The snapshot in `disk` to go on from; left out: boots. */
  readonly snapshot?: string;
}

/** A running QEMU. It dies with this process, whatever this process dies of. */
export class Machine implements AsyncDisposable {
  private constructor(
    private readonly process: ChildProcess,
    private readonly ended: Promise<unknown>,
    readonly folder: string,
    readonly qmp: Qmp,
    readonly agent: GuestAgent,
  ) {}

  /** @throws Error  with what QEMU and the guest's console printed */
  static async start(options: MachineOptions): Promise<Machine> {
    const { folder } = options;
    // pdeathsig: QEMU would outlive a runner that is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIFE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const ended = once(child, 'close');
    const giveUp = new AbortController();
    const failed = ended.then(() => giveUp.abort(new Error(`QEMU ended: ${printed}`)));
    failed.catch((error: unknown) => giveUp.abort(error)); // there is no such program
    const timer = setTimeout(() => giveUp.abort(new Error('QEMU does not start')), START_TIMEOUT_MS);
    try {
      const qmp = await Qmp.connect(path.join(folder, 'qmp'), giveUp.signal);
      const agent = await GuestAgent.connect(path.join(folder, 'agent'), giveUp.signal);
      return new Machine(child, ended, folder, qmp, agent);
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`the virtual machine does not start: ${printed}${consoleText(folder)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Of QEMU. */
  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** The end of what the guest's kernel and systemd printed. */
  get consoleText(): string {
    return consoleText(this.folder);
  }

  /** @param socket  1 … USB_SOCKETS */
  usbSocketPath(socket: number): string {
    return path.join(this.folder, `usb${socket}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.ended;
    await this.agent[Symbol.asyncDispose]();
    await this.qmp[Symbol.asyncDispose]();
  }
}

/** The same devices at every start: a snapshot fits only the machine it was made of. */
function qemuArguments({ image, payload, disk, folder, shared, snapshot }: MachineOptions): string[] {
  const socket = (id: string): string => `socket,id=${id},path=${path.join(folder, id)},server=on,wait=off`;
  const usbSockets = Array.from({ length: USB_SOCKETS }, (_, i) => i + 1);
  return [
    // /dev/kvm may open and still be of no use.
    ...['-accel', 'tcg,thread=multi', '-machine', 'q35', '-cpu', 'Nehalem', '-smp', '2', '-m', String(MEMORY_MB)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-rtc', 'base=utc'],
    ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', KERNEL_ARGUMENTS],
    ...[
      '-serial',
      `file:${path.join(folder, 'console')}`,
      '-qmp',
      `unix:${path.join(folder, 'qmp')},server=on,wait=off`,
    ],
    ...['-drive', `if=virtio,file=${disk},format=qcow2,discard=unmap`],
    ...['-drive', `if=virtio,file=${payload},format=raw,readonly=on`],
    ...['-device', 'virtio-serial', '-chardev', socket('agent'), '-device', AGENT_PORT, '-device', 'virtio-rng'],
    ...['-netdev', 'user,id=net0', '-device', 'virtio-net,netdev=net0,romfile='],
    ...['-device', `qemu-xhci,id=xhci,p2=${USB_SOCKETS},p3=${USB_SOCKETS}`],
    ...usbSockets.flatMap((i) => [
      ...['-chardev', socket(`usb${i}`)],
      ...['-device', `usb-redir,id=redir${i},chardev=usb${i},bus=xhci.0,port=${i}`],
    ]),
    ...(shared === undefined
      ? []
      : ['-virtfs', `local,path=${shared},mount_tag=host,security_model=none,readonly=on,multidevs=remap`]),
    ...(snapshot === undefined ? [] : ['-loadvm', snapshot]),
  ];
}

const AGENT_PORT = 'virtserialport,chardev=agent,name=probed.agent';
/** net.ifnames=0: a renaming of eth0 would race with its set-up. */
const KERNEL_ARGUMENTS = 'console=ttyS0 net.ifnames=0 quiet mitigations=off systemd.show_status=0';

function consoleText(folder: string): string {
  try {
    return readFileSync(path.join(folder, 'console'), 'utf8').slice(-4000);
  } catch {
    return ''; // it did not come so far
  }
}
