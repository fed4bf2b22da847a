// What one client has done to the line with bit sequences, and how it gets there again. Called with the probe's turn held.

import { never } from '../base/never.js';
import { RequestError } from '../base/errors.js';
import type { BitString } from '../dap/bit-string.js';
import { NoAckError, TransferError } from '../dap/errors.js';
import type { JtagSequence, Probe, SwdSequence } from '../probe/probe.js';
import type { ClientName } from './client-lease.js';
import { clientsText } from './clients-text.js';
import { afterJtag, afterSequence, afterSwd, broughtTo, joinedLine, type Line, undriven } from './line.js';
import { LineScript } from './line-script.js';
import type { Wire } from './wire.js';

/** Another client that counts on the target's connection. */
export interface Sharer {
  readonly client: ClientName;
  readonly line: LeaseLine;
}

export interface LeaseLineOptions {
  readonly wire: Wire;
  readonly sharers: () => readonly Sharer[];
  /** Another debug port is to be selected. @throws RequestError  it cannot be kept in mind with the others */
  readonly requireRoom: (selection: number) => void;
  /** Puts what this client counts on at its debug port, where others have been. */
  readonly enter: (probe: Probe) => Promise<void>;
  /** Another debug port is selected, or the one that is was reset by a line reset. */
  readonly onChange: (line: Line) => void;
}

export class LeaseLine {
  readonly #wire: Wire;
  readonly #options: LeaseLineOptions;
  #now: Line | undefined;
  /** `wire.breaks` when this client last did something for the line. */
  #since: number;
  readonly #script = new LineScript();

  constructor(options: LeaseLineOptions) {
    this.#options = options;
    this.#wire = options.wire;
    this.#since = options.wire.breaks;
  }

  get now(): Line {
    this.#now ??= joinedLine(this.#wire.protocol, this.#wire.selection);
    return this.#now;
  }

  /** This client has brought the wire's line to where it is. */
  get isOnWire(): boolean {
    return this.#wire.lineOf === this;
  }

  async swjSequence(probe: Probe, sequence: BitString, signal: AbortSignal): Promise<void> {
    await this.send(probe, afterSequence(this.now, sequence), async (on, stop = signal) =>
      on.swjSequence?.(sequence, stop),
    );
  }

  /** What nobody drives is read as ones. */
  async swdSequence(probe: Probe, pieces: readonly SwdSequence[], signal: AbortSignal): Promise<readonly BitString[]> {
    const after = afterSwd(this.now, pieces);
    const read = await this.send(probe, after, async (on, stop = signal) => on.swd?.sequence(pieces, stop));
    return read ?? undriven(pieces);
  }

  async jtagSequence(probe: Probe, sequence: JtagSequence, signal: AbortSignal): Promise<BitString | undefined> {
    const after = afterJtag(this.now, sequence);
    return this.send(probe, after, async (on, stop = signal) => on.jtag?.sequence(sequence, stop));
  }

  /**
   * Alone with the target: on the wire, whatever it is. Else what a newcomer does to bring the line up is absorbed: the
   * line is up, or will be when this client's next access finds that it is not.
   *
   * @param after  undefined: there is something in it that is not understood
   */
  async send<T>(
    probe: Probe,
    after: Line | undefined,
    send: (probe: Probe, signal?: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const wire = this.#wire;
    const before = this.now;
    if (after?.selection !== undefined) {
      this.#requireSameWay(after);
      this.#options.requireRoom(after.selection);
    }
    this.#since = wire.breaks;
    const sharers = this.#options.sharers();
    if (sharers.length === 0) {
      await wire.endOfAnother(probe, this);
      await this.#goBack(probe);
      wire.lost();
      await this.#sendScript(probe); // what was absorbed while others were there belongs before it
      const result = await send(probe);
      // What is not understood may do anything to the target, and is not sent again.
      if (after) this.#note(before, after, send);
      else this.#script.clear();
      this.#script.allSent();
      this.#set(after ?? broughtTo(before, 'joined'));
      wire.noteSent(this);
      return result;
    }
    if (!after) {
      const who = namesOf(sharers);
      throw new RequestError(
        `other clients are connected, ${who}: until they leave, only line resets, changes of protocol and TARGETSEL are granted`,
      );
    }
    this.#note(before, after, send);
    this.#set(after);
    wire.user = undefined;
    if (this.isOnWire) wire.lineOf = undefined;
    return undefined;
  }

  /** Whether the debug port would answer. @param isDpidr  the access reads DPIDR */
  isUp(isDpidr: boolean): boolean {
    const { state, protocol } = this.now;
    // What was absorbed puts that right; not so if it ends with the target asleep, and then others could not use it either.
    const isAsleep = state === 'dormant' || state === 'alerted';
    const mayBeUp = !this.#wire.isReady && !this.#script.isEmpty && !isAsleep;
    return protocol === this.#wire.protocol && (this.#isInOrder(isDpidr) || mayBeUp);
  }

  #isInOrder(isDpidr: boolean): boolean {
    const { state } = this.now;
    return state === 'ready' || state === 'joined' || (state === 'fresh' && isDpidr);
  }

  /**
   * Refuses what the debug port would not have answered. @param isDpidr  the access that follows reads DPIDR
   * @throws NoAckError
   * @throws RequestError  others have selected their targets, and all of them would answer
   */
  requireUp(isDpidr: boolean): void {
    if (this.isUp(isDpidr)) {
      if (this.#isInOrder(isDpidr)) this.#requireSameWay(this.now);
      return;
    }
    const { state } = this.now;
    this.#set(broughtTo(this.now, state === 'dormant' ? state : 'lost'));
    this.#script.clear();
    throw new NoAckError();
  }

  /** A line reset selects all debug ports (IHI 0031 B4.3.4): who leaves it at that writes to those of all others, too. */
  #requireSameWay({ protocol, selection }: Line): void {
    if (protocol !== 'SWD') return;
    const goesAnotherWay = ({ settled }: LeaseLine): boolean =>
      settled?.protocol === 'SWD' && (settled.selection === undefined) !== (selection === undefined);
    // Every change from one client to another comes by here: who shares the target is asked where it may matter.
    if (!this.#wire.hasLine(goesAnotherWay)) return;
    const others = this.#options.sharers().filter(({ line }) => goesAnotherWay(line));
    if (others.length === 0) return;
    const what =
      selection === undefined
        ? 'have selected targets of this line by TARGETSEL: do the same'
        : 'use this line without TARGETSEL: do the same';
    throw new RequestError(`other clients, ${namesOf(others)}, ${what}, or wait until they leave`);
  }

  /** The line, if this client believes that a debug port answers it there. */
  get settled(): Line | undefined {
    return this.#now?.state === 'ready' ? this.#now : undefined;
  }

  /** Brings the wire to where this client believes it to be. */
  async take(probe: Probe, isDpidr: boolean): Promise<void> {
    const wire = this.#wire;
    const { state, selection } = this.now;
    if (wire.isReady && wire.selection === selection) return;
    await wire.endOfAnother(probe, this);
    if (!wire.isReady && !this.#script.isEmpty) {
      wire.lost();
      await this.#sendScript(probe);
      wire.noteSent(this);
      return;
    }
    this.#script.clear();
    // Who never sent anything takes it as it comes.
    if (state === 'joined' && !wire.isReady) return;
    await wire.moveTo(probe, selection, isDpidr);
  }

  /**
   * Brings the line up, which another client's access has lost, if this one counts on it.
   *
   * @returns whether a debug port answers
   */
  async regain(probe: Probe): Promise<boolean> {
    const wire = this.#wire;
    const { state, protocol, selection } = this.now;
    if (state !== 'ready' || protocol !== wire.protocol || !this.#script.isEmpty) return false;
    try {
      await wire.endOfAnother(probe, this);
      await wire.moveTo(probe, selection, false);
      wire.lineOf = this;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      wire.lost(); // this client has asked for nothing yet: it is told when it does
    }
    return wire.isReady;
  }

  /** Keeps a sequence in mind. What leaves a line up that is up need not be: if it is not, it is brought up as for any access. */
  #note(before: Line, after: Line, send: (probe: Probe, signal: AbortSignal) => Promise<unknown>): void {
    if (!this.#script.isEmpty || !staysUp(before, after)) this.#script.add((on) => send(on, never));
  }

  /** Goes on where this client has left off, or begins again, where others have been on the wire since. */
  #sendScript(probe: Probe): Promise<void> {
    return this.#script.send(probe, this.#wire.sent?.by === this);
  }

  /**
   * To the debug port that this client has selected, as it has left it, where another one has worked last. If it is in the
   * middle of something else, at least no flags of the other are left, which a debug port would answer with FAULT.
   */
  async #goBack(probe: Probe): Promise<void> {
    if (this.isOnWire) return;
    const wire = this.#wire;
    const isSettled = this.now.state === 'ready' && this.#script.isEmpty;
    if (isSettled && wire.selection === this.now.selection && !wire.isReady) return;
    try {
      await (isSettled ? this.#options.enter(probe) : wire.takeFlags(probe, this));
    } catch (error) {
      if (!(error instanceof TransferError)) throw error; // what follows may be to wake it up
    }
  }

  /** A debug port has answered this client. */
  answered(): void {
    const wire = this.#wire;
    if (wire.isReady && this.#now?.state === 'ready' && this.#script.isEmpty) return;
    wire.isReady = true;
    wire.sent = undefined;
    this.#script.clear();
    this.#set(broughtTo(this.now, 'ready'));
  }

  /** No debug port has answered this client. */
  unanswered(): void {
    this.#script.clear();
    this.#set(broughtTo(this.now, 'lost'));
  }

  /** The target was without power: who has done nothing for the line since finds nobody there. */
  lostPower(): void {
    if (this.#since < this.#wire.breaks) this.unanswered();
  }

  /** The pins of a protocol are driven anew, or the client has left. */
  join(): void {
    this.#since = this.#wire.breaks;
    this.#now = undefined;
    this.#script.clear();
  }

  /** The client is gone for good. */
  leave(): void {
    if (this.isOnWire) this.#wire.lineOf = undefined;
  }

  #set(line: Line): void {
    const { selection } = this.now;
    this.#now = line;
    if (line.selection !== selection || line.state === 'fresh') this.#options.onChange(line);
  }
}

function namesOf(sharers: readonly Sharer[]): string {
  return clientsText(sharers.map(({ client }) => client));
}

function staysUp(before: Line, after: Line): boolean {
  const isSame = before.protocol === after.protocol && before.selection === after.selection;
  return before.state === 'ready' && after.state === 'ready' && isSame && !after.begun;
}
