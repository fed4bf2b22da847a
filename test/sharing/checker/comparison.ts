// Clients that share a target, compared with each of them alone on a target of its own. What "as if alone" cannot mean,
// since the target is one, is said here: the rest has to be the same to the last bit.

import assert from 'node:assert/strict';
import { bringUp, readControl, TAR } from './bring-up.js';
import { LateErrors } from './late-errors.js';
import { isFailure, type Outcome } from './outcome.js';
import { Player } from './player.js';
import { spoil, SpoiltMemory } from './spoilt-memory.js';
import { type Gesture, isHelped, type Realm, realmOf, type Step, stepText, type World } from './step.js';

export interface Run {
  /** Of each client. */
  readonly programs: readonly (readonly Gesture[])[];
  readonly order: Order;
}

/** Whose step comes next, or whose two are under way at the same time; what is left at its end is played in turns. */
export type Order = readonly (number | readonly [first: number, second: number])[];

/** Steps before a difference that its report shows. */
const TRACED = 60;
const NOBODY = -1;

export class Comparison implements AsyncDisposable {
  played = 0;
  /** Words of memory that broken scans have changed. */
  spoilt = 0;
  readonly #trace: string[] = [];
  readonly #holdsReset = new Set<number>();
  #capturesSwo: number | undefined;
  #last: number | undefined;
  /** Of the clients that are behind a helper. */
  readonly #late = new Map<number, LateErrors>();
  /** What a JTAG scan that breaks off writes to memory, it writes for everybody, and nobody knows where. */
  readonly #broken: SpoiltMemory;
  /** Of those whose write to CSW or TAR has failed, over JTAG, nobody knows what they have there: docs/sharing.md. */
  readonly #unknown = new Set<number>();
  /** Those whose last write to one may still wait to be sent. */
  readonly #unsettled = new Set<number>();
  readonly #begun = new Set<number>();
  /** What was known of the target's first state is gone: with everybody, or with the power. */
  #isForgotten = false;

  private constructor(
    private readonly realms: readonly Realm[],
    private readonly shared: Player,
    private readonly alone: readonly Player[],
    /** What each client is still to do, and what it is at. */
    private readonly programs: readonly Gesture[][],
    private readonly current: Step[][],
  ) {
    this.#broken = new SpoiltMemory(shared.rig.sim.board);
    for (const [client, realm] of realms.entries()) {
      if (isHelped(realm, client)) this.#late.set(client, new LateErrors());
    }
  }

  static async start(world: World, { programs }: Run): Promise<Comparison> {
    const realms = programs.map((_, client) => realmOf(world, client));
    const alone: Player[] = [];
    for (const realm of realms) alone.push(await Player.start({ ...realm, helped: 'none' }));
    return new Comparison(
      realms,
      await Player.start(world),
      alone,
      programs.map((gestures) => [...gestures]),
      programs.map(() => []),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const player of [this.shared, ...this.alone]) await player[Symbol.asyncDispose]();
  }

  async play(order: Order): Promise<void> {
    for (const turn of order) await (typeof turn === 'number' ? this.#next(turn) : this.#nextOfBoth(turn));
    const isBusy = (client: number): boolean => this.programs[client].length + this.current[client].length > 0;
    while ([...this.programs.keys()].some(isBusy)) {
      for (const client of this.programs.keys()) await this.#next(client);
    }
  }

  /** The second one sends its request when the first one has sent its own. */
  async #nextOfBoth([first, second]: readonly [number, number]): Promise<void> {
    if (first === second || ![first, second].every((client) => this.#isBrief(client))) {
      await this.#next(first);
      return this.#next(second);
    }
    const [one, other] = [this.#nextStep(first), this.#nextStep(second)];
    if (!one || !other) return;
    await this.#interrupt(first, one);
    const seen = [this.#send(first, one), this.#send(second, other)];
    await Promise.all(seen);
    await this.#play(first, one, seen[0]);
    await this.#interrupt(second, other);
    await this.#play(second, other, seen[1]);
  }

  /** Whether a client's next step is a single request for which nothing has to be prepared. */
  #isBrief(client: number): boolean {
    const { protocol, isFast, helped } = this.realms[client];
    const isThere = this.shared.others(NOBODY).includes(client);
    if (!isThere || helped !== 'none' || this.shared.isLockedOut(client)) return false;
    const step = this.current[client].at(0);
    if (step?.do === 'writeAp') return !(protocol === 'JTAG' && isFast); // see `#interrupt`
    return step !== undefined && ['readAp', 'readDp', 'writeDp', 'swj', 'targetsel', 'flush'].includes(step.do);
  }

  #nextStep(client: number): Step | undefined {
    if (this.current[client].length === 0) this.current[client] = [...this.#nextGesture(client)];
    return this.current[client].shift();
  }

  async #next(client: number): Promise<void> {
    const planned = this.#nextStep(client);
    if (!planned) return;
    const step = this.#sparingOthers(client, planned);
    await this.#interrupt(client, step);
    const late = this.#late.get(client);
    if (late && this.#takesRequests(client, step)) {
      await this.#settle(client);
      // Or it would come behind what is disturbed, and wait: see `RequestPolicy`, AIRCR.
      if (late.isKnown || step.do === 'disturbed') await this.#play(client, { do: 'flush' });
    }
    await this.#play(client, step);
  }

  /** Who comes after that does not look at a CSW that somebody may have written without a look: docs/sharing.md. */
  #nextGesture(client: number): Gesture {
    const gesture = this.programs[client].shift() ?? [];
    if (this.#begun.has(client)) return gesture;
    this.#begun.add(client);
    return this.#isForgotten ? bringUp(this.realms[client], false) : gesture;
  }

  /** Without the disturbance where a scan would break whose damage to others nobody could undo. */
  #sparingOthers(client: number, step: Step): Step {
    if (this.realms[client].protocol !== 'JTAG' || step.do !== 'disturbed' || step.how !== 'no-ack') return step;
    return [...this.#unknown].every((other) => other === client) ? step : step.then;
  }

  #noteKept(client: number, step: Step, seen: Outcome): void {
    if (this.realms[client].protocol !== 'JTAG') return;
    const isWrite = step.do === 'writeAp' && isKept(step.address);
    if (isFailure(seen)) {
      if (isWrite || this.#unsettled.has(client)) this.#unknown.add(client);
    } else if (isWrite) this.#unsettled.add(client);
    else if (step.do === 'readAp' || step.do === 'readDp') this.#unsettled.delete(client);
  }

  /** Of several requests it would have to be told which one tells of an error from before: none does. */
  #takesRequests(client: number, step: Step): boolean {
    const isFirst = (step.do === 'readMemory' || step.do === 'writeMemory') && !this.shared.hasHandle(client);
    return isFirst || ['disturbed', 'raw', 'leave', 'return'].includes(step.do);
  }

  #send(client: number, step: Step): Promise<Outcome> {
    return this.shared.play(client, this.realms[client], step, this.#late.get(client)?.isKnown);
  }

  async #play(client: number, step: Step, playing?: Promise<Outcome>): Promise<void> {
    const others = this.shared.others(client);
    const late = this.#late.get(client);
    const seen = await (playing ?? this.#send(client, step));
    const spoilt = this.#broken.take();
    this.spoilt += spoilt.length;
    for (const { rig } of this.alone) spoil(rig.sim.board, spoilt);
    const alone = await this.#expected(client, step, others);
    const expected = late ? this.#behindHelper(late, client, step, alone, seen) : alone;
    this.played++;
    this.#trace.push(`${client}: ${stepText(step)} -> ${JSON.stringify(seen)}`);
    assert.deepEqual(seen, expected, `not as alone:\n${this.#trace.slice(-TRACED).join('\n')}`);
    this.#noteKept(client, step, seen);
    if (['die', 'leave'].includes(step.do)) this.#isForgotten ||= others.length === 0;
    await this.#afterwards(client, step);
  }

  /** Alone, too, writes are sent when they are sent here: it decides which request is told of an error. */
  async #interrupt(client: number, step: Step): Promise<void> {
    const { protocol, isFast } = this.realms[client];
    // While it waits for somebody's lock, time goes by, and what anybody has posted is sent.
    if (this.shared.isLockedOut(client)) {
      await this.shared.interrupted();
      for (const player of this.alone) await player.interrupted();
      for (const late of this.#late.values()) late.settle();
    }
    if (['lock', 'unlock', 'trace', 'property'].includes(step.do)) return;
    if (this.#last !== undefined && this.#last !== client) {
      await this.shared.arrived();
      await this.alone[this.#last].interrupted();
      this.#late.get(this.#last)?.settle();
    }
    this.#last = client;
    // Or what is to go wrong, or time that goes by, would be that of writes before it.
    const isApart = ['disturbed', 'die', 'pulseReset', 'swo'].includes(step.do) || closes(step);
    // Over JTAG sharing writes a client's own value before a posted write of another: packets begin there.
    const beginsPacket = protocol === 'JTAG' && isFast && step.do === 'writeAp' && isKept(step.address);
    // What a client behind a helper has sent ahead is done also if it dies right after.
    if (step.do === 'die' && this.#late.has(client)) await this.alone[client].interrupted();
    else if (isApart || beginsPacket) await this.#settle(client);
  }

  async #settle(client: number): Promise<void> {
    await this.shared.interrupted();
    await this.alone[client].interrupted();
    this.#late.get(client)?.settle();
  }

  /** What a client is told through a helper, from what it would be told alone. */
  #behindHelper(late: LateErrors, client: number, step: Step, alone: Outcome, seen: Outcome): Outcome {
    if (step.do === 'trace') return alone; // no request
    if (step.do === 'die') {
      late.forget();
      return alone;
    }
    if (step.do === 'property') return late.remembered(alone, seen);
    const ahead = this.shared.ahead(client);
    const told = ahead.length === 0 ? late.waited(alone, seen) : late.ahead(alone, ahead);
    if (step.do === 'disturbed') late.settle(); // before the disturbance goes
    return told;
  }

  async #expected(client: number, step: Step, others: readonly number[]): Promise<Outcome> {
    // Bits that sharing does not understand are refused while others are connected, and reach nobody.
    if (step.do === 'raw' && !step.isGranted && others.length > 0) return { status: 1, error: 'RequestError' };
    // SWO is captured by one at a time.
    const isTaken = this.#capturesSwo !== undefined && this.#capturesSwo !== client;
    if (step.do === 'swo' && step.what === 'start' && isTaken) return { status: 3, error: 'ProbeStateError' };

    const outcome = await this.alone[client].play(client, this.realms[client], step);
    // nRESET is a wire: what it tells is whether anybody pulls it.
    if (step.do === 'readReset' && !isFailure(outcome)) return [Number(this.#holdsReset.size > 0)];
    return outcome;
  }

  async #afterwards(client: number, step: Step): Promise<void> {
    if (step.do === 'setReset' && step.asserted) this.#holdsReset.add(client);
    else if (['setReset', 'pulseReset', 'die'].includes(step.do) || closes(step)) this.#holdsReset.delete(client);

    if (step.do === 'swo' && step.what === 'start') this.#capturesSwo ??= client;
    const endsSwo = (step.do === 'swo' && step.what === 'stop') || step.do === 'die' || closes(step);
    if (endsSwo && this.#capturesSwo === client) this.#capturesSwo = undefined;

    // What the target sends comes to all, and so does its loss of power.
    if (step.do === 'trace') for (const player of [this.shared, ...this.alone]) await player.trace(step.bytes);
    if (step.do === 'disturbed' && step.how === 'power-lost') this.#afterPowerLoss(client);
  }

  /** The others find that nobody answers any more, and bring the line up as they did at first. */
  #afterPowerLoss(client: number): void {
    const connected = this.shared.others(client);
    this.#isForgotten = true;
    for (const [other, player] of this.alone.entries()) {
      if (other === client) continue;
      player.losePower();
      if (connected.includes(other)) {
        const realm = this.realms[other];
        // Over JTAG what sharing has absorbed of a newcomer wakes up the target when it is sent after all.
        const first: Step = realm.protocol === 'SWD' ? readControl : { do: 'flush' };
        this.current[other] = [first, ...bringUp(realm, false)];
      }
    }
  }
}

function closes(step: Step): boolean {
  return step.do === 'leave' && step.by === 'close';
}

/** CSW or TAR. */
function isKept(address: number): boolean {
  return address === 0 || address === TAR;
}
