// Plays steps on a target, for one client or for several that share it.

import { DaemonError } from '../../../src/base/errors.js';
import { bitString } from '../../../src/dap/bit-string.js';
import { encodeJson } from '../../../src/jsonl/encode-json.js';
import type { SwdSequence } from '../../../src/probe/probe.js';
import { targetSelPieces } from '../../../src/probe/target-sel.js';
import { statusOfError } from '../../../src/protocol/status.js';
import { compileProbeRequests } from '../../../src/server/probe-requests.js';
import type { ClientLease } from '../../../src/sharing/client-lease.js';
import type { AccessFault } from '../../../src/sim/target/access-faults.js';
import { settle } from '../../support/fake-clock.js';
import { NEVER, SessionRig } from '../session-rig.js';
import type { HelpedClient } from './helped-client.js';
import { HelpedClients } from './helped-clients.js';
import type { Outcome } from './outcome.js';
import { type Disturbance, isHelped, type RawSequence, type Realm, type Step, type World } from './step.js';

const PACKETS = 4;
/** 151 is one more than the driver has a probe repeat; those packets wait, too, that are in the probe behind the first. */
const LONG_WAIT = PACKETS * 151;
/** Words of a block before a disturbance: it is in its second packet. */
const AMID = 30;
const disturbances = {
  wait: { kind: 'wait', times: 3, on: { port: 'AP' } },
  // Not of CTRL/STAT: while the last client's ORUNDETECT is being cleared for the next one, a WAIT breaks the line.
  'wait at the DP': { kind: 'wait', times: 3, on: { port: 'DP', address: 0xc } },
  'long wait': { kind: 'wait', times: LONG_WAIT, on: { port: 'AP' } },
  'long wait at DRW': { kind: 'wait', times: 151, on: { port: 'AP', address: 0xc } },
  'long wait at RDBUFF': { kind: 'wait', times: 151, on: { port: 'DP', address: 0xc } },
  fault: { kind: 'fault', on: { port: 'AP' } },
  // Not of what sharing has put back before: what a read has done, it has done.
  parity: { kind: 'parity', on: { port: 'AP', address: 0xc } },
  'no-ack': { kind: 'no-ack' },
  'fault amid': { kind: 'fault', on: { port: 'AP', address: 0xc }, after: AMID },
  'parity amid': { kind: 'parity', on: { port: 'AP', address: 0xc }, after: AMID },
  'no-ack amid': { kind: 'no-ack', on: { port: 'AP', address: 0xc }, after: AMID },
  'power-lost': { kind: 'power-lost' },
} as const satisfies Record<Disturbance, AccessFault>;

/** Without a program a core locks up, and costs no time. */
const NO_PROGRAM = new Uint8Array();

const requests = compileProbeRequests();
/** Requests that have to wait for the probe, or for a target that starts anew. */
const SLOW_REQUESTS: readonly string[] = ['open', 'close', 'reset', 'swo_start', 'swo_stop', 'swo_read'];

/** One target and the clients that share it. */
export class Player implements AsyncDisposable {
  readonly #leases = new Map<number, ClientLease>();
  readonly #handles = new Map<ClientLease, number>();
  /** Clients that have left, and will come again. */
  readonly #away = new Map<number, 'close' | 'disconnect'>();

  private constructor(
    readonly rig: SessionRig,
    private readonly helped: HelpedClients | undefined,
    private readonly world: World,
  ) {}

  static async start(world: World): Promise<Player> {
    const { board, isFast, resets, helped } = world;
    const rig = await SessionRig.start({
      probe: {
        board: { kind: board, ...(resets && { image: NO_PROGRAM, resetsAps: resets === 'core and APs' }) },
        packetSizeBytes: 128,
        packetCount: PACKETS,
      },
      driver: { postedWrites: isFast, maxPacketsInFlight: isFast ? PACKETS : 1 },
    });
    // A core that runs costs time, and does what nobody can foresee.
    if (!resets) for (const processor of rig.sim.board.processors) processor.write(0xe000edf0, 4, 0xa05f0003);
    return new Player(rig, helped === 'none' ? undefined : await HelpedClients.start(rig), world);
  }

  /** @param isErrorKnown  the client's helper has an error to tell */
  async play(client: number, realm: Realm, step: Step, isErrorKnown = false): Promise<Outcome> {
    try {
      return await this.#play(client, realm, step, isErrorKnown);
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      return { status: statusOfError(error), error: error.constructor.name };
    }
  }

  /** The names of the requests of a client's last step, if a helper has answered them before they had reached the server. */
  ahead(client: number): readonly string[] {
    return this.helped?.get(client)?.ahead ?? [];
  }

  /** Whether the client has been given a memory handle. */
  hasHandle(client: number): boolean {
    return this.helped?.get(client)?.hasHandle ?? false;
  }

  /** Clients that are connected, this one left out. */
  others(client: number): readonly number[] {
    return [...this.#leases.keys()].filter((other) => other !== client && !this.#away.has(other));
  }

  /** Its next request waits for somebody else's lock, and time goes on until that one is asleep. */
  isLockedOut(client: number): boolean {
    const { holder } = this.rig.session.turns;
    return holder !== undefined && holder !== this.#leases.get(client);
  }

  /** Somebody else works: what was posted is sent first. */
  async interrupted(): Promise<void> {
    await this.arrived();
    await this.rig.session.posted.settle();
  }

  /** What helpers have sent has arrived, and what became of it has come back. */
  async arrived(): Promise<void> {
    await this.helped?.settle();
  }

  /** The target sends on its SWO pin. */
  async trace(bytes: readonly number[]): Promise<void> {
    this.rig.sim.injectSwo(Uint8Array.from(bytes));
    await settle();
  }

  /** The target was without power. */
  losePower(): void {
    this.rig.sim.board.powerCycle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.helped?.[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
  }

  async #play(client: number, realm: Realm, step: Step, isErrorKnown: boolean): Promise<Outcome> {
    const lease = await this.#lease(client, realm, step.do === 'ask');
    const helped = this.helped?.get(client);
    if (helped) await this.helped?.letIn(lease);
    const playing = helped ? this.#help(client, helped, realm, step, isErrorKnown) : this.#request(lease, realm, step);
    const isSlow =
      step.do === 'ask'
        ? SLOW_REQUESTS.includes(step.request)
        : ['die', 'leave', 'return', 'pulseReset', 'swo'].includes(step.do);
    const takesTime = isSlow || this.isLockedOut(client);
    const outcome = takesTime ? await this.rig.run(playing) : await playing;
    if (step.do === 'die') this.#leases.delete(client);
    if (step.do === 'leave') this.#away.set(client, step.by);
    if (step.do === 'return') this.#connected(client);
    return outcome;
  }

  /** Who connects the target connects it for all that have the probe open. */
  #connected(client: number): void {
    const isFirst = this.others(client).length === 0;
    this.#away.delete(client);
    if (isFirst) for (const [other, by] of this.#away) if (by === 'disconnect') this.#away.delete(other);
  }

  async #help(client: number, helped: HelpedClient, realm: Realm, step: Step, isErrorKnown: boolean): Promise<Outcome> {
    if (step.do === 'trace') return []; // it comes to every target: see `trace`
    if (step.do === 'die') {
      await helped.die(step.during);
      await this.helped?.gone(client);
      return [];
    }
    if (step.do !== 'disturbed') return helped.play(realm, step, isErrorKnown);
    return this.#whileDisturbed(realm, step.how, async () => {
      const outcome = await helped.play(realm, step.then, false);
      if (realm.isFast && helped.ahead.length > 0) await helped.flush();
      await helped.settle();
      return outcome;
    });
  }

  async #request(lease: ClientLease, realm: Realm, step: Step): Promise<Outcome> {
    switch (step.do) {
      case 'swj':
        await lease.swjSequence(bitString(step.clocks, step.bits), NEVER);
        return [];
      case 'targetsel':
        if (step.by === 'write') await lease.dap.writeDp(0xc, step.value, NEVER);
        else await lease.swdSequence(targetSelPieces(step.value), NEVER);
        return [];
      case 'raw':
        return raw(lease, step);
      case 'readDp':
        return [await lease.dap.readDp(step.address, NEVER)];
      case 'writeDp':
        await lease.dap.writeDp(step.address, step.value, NEVER);
        return [];
      case 'readAp':
        return [...(await lease.dap.readAp(step.address, step.count, NEVER))];
      case 'writeAp':
        await lease.dap.writeAp(step.address, Uint32Array.from(step.values), NEVER);
        return [];
      case 'readMemory':
      case 'writeMemory':
        return this.#memory(lease, realm, step);
      case 'disturbed':
        return this.#disturbed(lease, realm, step);
      case 'lock':
        await lease.lock(NEVER);
        return [];
      case 'unlock':
        lease.unlock();
        return [];
      case 'flush':
        await lease.dap.flush(NEVER);
        return [];
      case 'connect':
        await lease.connect('DEFAULT', NEVER);
        return [];
      case 'clock':
        await lease.setClock(step.frequencyHz, NEVER);
        return [];
      case 'pulseReset':
        await lease.reset(NEVER);
        return [];
      case 'setReset':
        await lease.setReset(step.asserted, NEVER);
        return [];
      case 'readReset':
        return [Number(await lease.readReset(NEVER))];
      case 'property':
        return [step.name === 'wire_protocol' ? (lease.wireProtocol ?? 'none') : lease.vendorName];
      case 'swo':
        return swo(lease, step.what);
      case 'trace':
        return []; // it comes to every target: see `trace`
      case 'ask':
        return ask(lease, step);
      case 'leave':
        await (step.by === 'close' ? lease.close(NEVER) : lease.disconnect(NEVER));
        return [];
      case 'return':
        if (step.by === 'close') await lease.open(NEVER);
        await lease.connect(realm.protocol, NEVER);
        return [];
      case 'die': {
        const during = step.during && this.#request(lease, realm, step.during).catch(() => undefined);
        await lease[Symbol.asyncDispose]();
        await during;
        return [];
      }
    }
  }

  #disturbed(lease: ClientLease, realm: Realm, { how, then }: Step & { readonly do: 'disturbed' }): Promise<Outcome> {
    return this.#whileDisturbed(realm, how, async () => {
      const outcome = await this.#request(lease, realm, then);
      if (realm.isFast) await lease.dap.flush(NEVER); // or the write would miss what is to happen to it
      return outcome;
    });
  }

  async #whileDisturbed<T>({ board }: Realm, how: Disturbance, play: () => Promise<T>): Promise<T> {
    const fault: AccessFault = disturbances[how];
    // Where sharing looks for flags of another at one debug port of several, they can be read no more after that.
    const on = board === 'multidrop' ? { port: 'AP' as const, ...fault.on } : fault.on;
    const disturbance = this.rig.sim.board.faults.inject({ ...fault, ...(on && { on }) });
    try {
      return await play();
    } finally {
      disturbance[Symbol.dispose]();
    }
  }

  async #memory(
    lease: ClientLease,
    realm: Realm,
    step: Step & { readonly do: 'readMemory' | 'writeMemory' },
  ): Promise<Outcome> {
    const [version, address] = realm.nominal;
    const handle = this.#handles.get(lease) ?? (await lease.memoryHandle(version, address, NEVER));
    if (handle === undefined) return ['no handle'];
    this.#handles.set(lease, handle);
    const memory = lease.memory(handle);
    if (step.do === 'writeMemory') {
      await memory.write(step.address, step.value, step.sizeBits, NEVER);
      return [];
    }
    if (step.sizeBits === 16) return [await memory.read(step.address, 16, NEVER)];
    if (step.sizeBits === 8) return [...(await memory.readBytes(step.address, step.count, NEVER))];
    return [...(await memory.readWords(step.address, step.count, NEVER))];
  }

  /** @param isAsking  the client itself says what it begins with */
  async #lease(client: number, realm: Realm, isAsking: boolean): Promise<ClientLease> {
    const { protocol } = realm;
    let lease = this.#leases.get(client);
    const isNew = lease === undefined;
    if (!lease && this.helped && isHelped(this.world, client)) {
      this.#leases.set(client, (lease = await this.helped.connect(client, realm)));
    } else if (!lease) {
      this.#leases.set(client, (lease = this.rig.lease()));
      if (isAsking) return lease;
      await this.rig.run(lease.open(NEVER)); // the driver listens for stale packets first
      await this.rig.run(lease.connect(protocol, NEVER));
    }
    if (isNew) this.#connected(client);
    return lease;
  }
}

async function ask(lease: ClientLease, { request, args }: Step & { readonly do: 'ask' }): Promise<Outcome> {
  const result: unknown = await requests.find(request)?.({ lease, signal: NEVER }, args);
  return result === undefined ? [] : [encodeJson(result)];
}

async function raw(lease: ClientLease, sequence: RawSequence): Promise<Outcome> {
  if (sequence.over === 'SWD') {
    const pieces = sequence.pieces.map((piece): SwdSequence =>
      typeof piece === 'number'
        ? { direction: 'input', lengthBits: piece }
        : { direction: 'output', sequence: bitString(...piece) },
    );
    return (await lease.swdSequence(pieces, NEVER)).map(({ bits }) => bits.toString(16));
  }
  const read: string[] = [];
  for (const { tms, clocks, reads } of sequence.runs) {
    const tdo = await lease.jtagSequence({ tms, readTdo: reads, tdi: bitString(clocks, -1n) }, NEVER);
    if (reads) read.push(tdo?.bits.toString(16) ?? 'nothing');
  }
  return read;
}

async function swo(lease: ClientLease, what: 'start' | 'stop' | 'read'): Promise<Outcome> {
  if (what === 'read') return [...(await lease.swoRead(NEVER))];
  await (what === 'start' ? lease.swoStart(1_000_000, NEVER) : lease.swoStop(NEVER));
  return [];
}
