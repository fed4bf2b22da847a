// Plays steps on a target, for one client or for several that share it.

import { bitString } from '../../../src/dap/bit-string.js';
import type { ClientLease } from '../../../src/sharing/client-lease.js';
import { targetSelPieces } from '../../../src/probe/target-sel.js';
import type { AccessFault } from '../../../src/sim/target/access-faults.js';
import { NEVER, SessionRig } from '../session-rig.js';
import type { Realm, Step } from './step.js';

/** What came of a step: words, or the name of an error. */
export type Outcome = readonly number[] | string;

/** 151 is one more than the driver has a probe repeat. */
const disturbances = {
  wait: { kind: 'wait', times: 3, on: { port: 'AP' } },
  'long wait': { kind: 'wait', times: 151, on: { port: 'AP' } },
  'no-ack': { kind: 'no-ack', on: { port: 'AP' } },
} as const satisfies Record<string, AccessFault>;

/** One target and the clients that share it. */
export class Player implements AsyncDisposable {
  readonly #leases = new Map<number, ClientLease>();

  private constructor(readonly rig: SessionRig) {}

  static async start({ board, postedWrites }: Realm): Promise<Player> {
    const rig = await SessionRig.start({
      probe: { board: { kind: board }, packetCount: 1 },
      driver: { postedWrites },
    });
    // A core that runs costs time, and does what nobody can foresee.
    for (const processor of rig.sim.board.processors) processor.write(0xe000edf0, 4, 0xa05f0003);
    return new Player(rig);
  }

  async play(client: number, realm: Realm, step: Step): Promise<Outcome> {
    try {
      return await this.#play(client, realm, step);
    } catch (error) {
      return error instanceof Error ? error.constructor.name : 'thrown';
    }
  }

  /** Somebody else works: what was posted is sent first. */
  async interrupted(): Promise<void> {
    await this.rig.session.posted.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }

  async #play(client: number, realm: Realm, step: Step): Promise<Outcome> {
    const { faults } = this.rig.sim.board;
    const lease = await this.#lease(client, realm);
    switch (step.do) {
      case 'swj':
        await lease.swjSequence(bitString(step.clocks, step.bits), NEVER);
        return [];
      case 'targetsel':
        if (step.by === 'write') await lease.dap.writeDp(0xc, step.value, NEVER);
        else await lease.swdSequence(targetSelPieces(step.value), NEVER);
        return [];
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
      case 'disturbed': {
        const disturbance = faults.inject(disturbances[step.how]);
        try {
          const outcome = await this.#play(client, realm, step.then);
          if (realm.postedWrites) await lease.dap.flush(NEVER); // or the write would miss what is to happen to it
          return outcome;
        } finally {
          disturbance[Symbol.dispose]();
        }
      }
      case 'lock':
        // Given back at once: whoever waited for it would hold up the one who plays.
        await lease.lock(NEVER);
        lease.unlock();
        return [];
      case 'connect':
        await lease.connect('DEFAULT', NEVER);
        return [];
      case 'clock':
        await lease.setClock(step.frequencyHz, NEVER);
        return [];
      case 'die':
        this.#leases.delete(client);
        await this.rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));
        return [];
    }
  }

  async #memory(
    lease: ClientLease,
    realm: Realm,
    step: Step & { readonly do: 'readMemory' | 'writeMemory' },
  ): Promise<Outcome> {
    const [version, address] = realm.nominal;
    const handle = this.#handles.get(lease) ?? (await lease.memoryHandle(version, address, NEVER));
    if (handle === undefined) return 'no handle';
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

  readonly #handles = new Map<ClientLease, number>();

  async #lease(client: number, { protocol }: Realm): Promise<ClientLease> {
    let lease = this.#leases.get(client);
    if (!lease) {
      this.#leases.set(client, (lease = this.rig.lease()));
      await this.rig.run(lease.open(NEVER)); // the driver listens for stale packets first
      await lease.connect(protocol, NEVER);
    }
    return lease;
  }
}
