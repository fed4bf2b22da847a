import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Disposer } from '../../src/base/disposer.js';
import { portOf } from './forwarded-port.js';
import { ProbectlProcess } from './probectl-process.js';
import type { Programs } from './programs.js';
import { hasSshd, SshServer } from './ssh-server.js';
import { SshTunnel } from './ssh-tunnel.js';

/** A way to a probe, and with what it is compared. */
export interface WayToProbe {
  readonly name: string;
  readonly port: number;
  /** The same without our forwarding; undefined for that itself. */
  readonly beside?: string;
  /** At most so many times its round trip. */
  readonly bound?: number;
  /** The same with a relay in place of ours, which only passes bytes on. */
  readonly relayed?: string;
}

export interface ServedProbe {
  /** Of SIM0001. */
  readonly port: number;
  /** The runtime directory of its daemon. */
  readonly folder: string;
  /** What forwards it. */
  readonly programs: Programs;
}

const relay = path.join(import.meta.dirname, 'relay-server.ts');
/** No measuring takes longer. */
const TIMEOUT_MS = 600_000;

/** Opens all ways to a probe: itself and forwarded, and where there is sshd, the same over ssh. */
export async function openWays(probe: ServedProbe, disposer: Disposer): Promise<readonly WayToProbe[]> {
  const { port, folder, programs } = probe;
  const forward = async (on: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<number> => {
    const forwarding = new ProbectlProcess(on, ['forward', ...args], { programs, more, timeoutMs: TIMEOUT_MS });
    disposer.defer(async () => {
      await forwarding.interrupt();
    });
    return await portOf(forwarding, /remote:localhost:(\d+)/);
  };
  const ways: readonly WayToProbe[] = [
    { name: 'direct', port },
    { name: 'a relay in Node', port: await startRelay(port, disposer), beside: 'direct' },
    {
      ...{ name: 'forward', port: await forward(folder, ['SIM0001']) },
      ...{ beside: 'direct', bound: 2.5, relayed: 'a relay in Node' },
    },
  ];
  if (!hasSshd()) return ways;
  const sshd = disposer.use(await SshServer.start(folder, { programs }));
  const { port: tunnel } = disposer.use(await SshTunnel.open(port, sshd));
  return [
    ...ways,
    { name: 'ssh -L', port: tunnel },
    { name: 'a relay before ssh -L', port: await startRelay(tunnel, disposer), beside: 'ssh -L' },
    {
      name: 'forward --host ssh://',
      port: await forward(sshd.folder, ['--host', 'ssh://lab', 'SIM0001'], sshd.env),
      ...{ beside: 'ssh -L', bound: 1.3, relayed: 'a relay before ssh -L' },
    },
  ];
}

/** Passes bytes on to a port of this machine. */
async function startRelay(to: number, disposer: Disposer): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', relay, String(to)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  disposer.defer(() => {
    child.kill();
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator](); // ends with the relay
  const first = await lines.next();
  if (first.done === true) throw new Error('the relay has ended');
  return Number(first.value);
}
