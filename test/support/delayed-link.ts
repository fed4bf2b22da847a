import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import process from 'node:process';
import { DelayLine } from './delay-line.js';
import { ip } from './namespaces.js';

/** The machines at its ends. */
const ends = ['near', 'far'] as const;
export type LinkEnd = (typeof ends)[number];

/** RFC 791, 3.1 and RFC 9293, 3.1: where the lengths of the headers stand. */
const IP_PROTOCOL_AT = 9;
const TCP = 6;
const TCP_OFFSET_AT = 12;

/**
 * A cable between two machines (network namespaces) on which every IP packet is under way for some time, as on a long
 * one. So TCP at both ends does what it does in a network, acknowledgements and Nagle's algorithm with it, and nothing
 * limits the rate. Takes root, iproute2, socat and /dev/net/tun.
 */
export class DelayedLink implements AsyncDisposable {
  readonly #children: ChildProcess[] = [];
  readonly #lines: DelayLine<Buffer>[] = [];
  readonly #sockets: Socket[] = [];
  /** When the first and the last packet passed that had something in it. */
  #first = Infinity;
  #last = 0;

  private constructor() {
    try {
      for (const end of ends) ip('netns', 'add', namespaceOf(end));
    } catch (error) {
      this.#removeNamespaces();
      throw error;
    }
  }

  /**
   * @param delayMs  one way: half of the round trip
   * @throws Error  where this cannot be made
   */
  static async open(delayMs: number): Promise<DelayedLink> {
    const link = new DelayedLink();
    try {
      await link.#connect(delayMs);
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The same; skips the suite where it cannot be made, and says so. */
  static async orSkip(suite: Mocha.Context, delayMs: number): Promise<DelayedLink> {
    try {
      return await DelayedLink.open(delayMs);
    } catch (error) {
      const why = String(error).split('\n')[0];
      console.log(`delayed link: NOT RUN (it takes root, iproute2, socat and /dev/net/tun: ${why})`);
      return suite.skip();
    }
  }

  addressOf(end: LinkEnd): string {
    return `10.95.0.${ends.indexOf(end) + 1}`;
  }

  /** What to put before a command to run it at one of the ends. */
  on(end: LinkEnd): readonly string[] {
    return ['ip', 'netns', 'exec', namespaceOf(end)];
  }

  /** How long what `talk` says over the link takes, from the first byte to the last, in milliseconds. */
  async time(talk: () => Promise<unknown>): Promise<number> {
    this.#first = Infinity;
    await talk();
    return this.#last - this.#first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.cut();
    for (const child of this.#children) child.kill();
    for (const child of this.#children)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    for (const socket of this.#sockets) socket.close();
    this.#removeNamespaces();
  }

  async #connect(delayMs: number): Promise<void> {
    const [near, far] = [await this.#plugIn('near'), await this.#plugIn('far')];
    this.#carry(near, far, delayMs);
    this.#carry(far, near, delayMs);
  }

  /** Gives a machine a device whose packets come to us, each as a datagram. */
  async #plugIn(end: LinkEnd): Promise<Plug> {
    const socket = createSocket('udp4');
    this.#sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const device = `${end}-${process.pid}`;
    const tun = `TUN,tun-type=tun,tun-name=${device},iff-no-pi`;
    const socat = spawn('socat', [tun, `UDP4:127.0.0.1:${socket.address().port}`], { stdio: 'ignore' });
    socat.on('error', () => undefined); // that there is none is told by its exit code
    this.#children.push(socat);
    const deadline = performance.now() + 5000;
    while (spawnSync('ip', ['link', 'show', device]).status !== 0) {
      if (socat.exitCode !== null || performance.now() > deadline) throw new Error(`no device ${device}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const namespace = namespaceOf(end);
    ip('link', 'set', device, 'netns', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'address', 'add', `${this.addressOf(end)}/24`, 'dev', device);
    ip('-n', namespace, 'link', 'set', device, 'up');
    // Whatever it sends first tells us where its socat is.
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
    execFileSync('ip', [...this.on(end).slice(1), 'socat', '-u', '-', 'UDP4-SENDTO:10.95.0.9:9'], { input: '?' });
    const [, { port }] = (await heard) as [Buffer, RemoteInfo];
    return { socket, port };
  }

  #carry(from: Plug, to: Plug, delayMs: number): void {
    const line = new DelayLine<Buffer>(delayMs, (packet) => {
      if (hasPayload(packet)) this.#last = performance.now();
      to.socket.send(packet, to.port, '127.0.0.1');
    });
    this.#lines.push(line);
    from.socket.on('message', (packet) => {
      if (hasPayload(packet)) this.#first = Math.min(this.#first, performance.now());
      line.put(packet);
    });
  }

  #removeNamespaces(): void {
    for (const end of ends) {
      try {
        ip('netns', 'delete', namespaceOf(end));
      } catch {
        // one that could not be made
      }
    }
  }
}

interface Plug {
  readonly socket: Socket;
  /** Of the other side. */
  readonly port: number;
}

function namespaceOf(end: LinkEnd): string {
  return `probed-${end}-${process.pid}`;
}

/** Whether it is a segment of TCP over IPv4 with bytes for somebody in it. */
function hasPayload(packet: Buffer): boolean {
  if (packet[0] >> 4 !== 4 || packet[IP_PROTOCOL_AT] !== TCP) return false;
  const ipHeader = (packet[0] & 0xf) * 4;
  const tcpHeader = (packet[ipHeader + TCP_OFFSET_AT] >> 4) * 4;
  return packet.readUInt16BE(2) > ipHeader + tcpHeader;
}
