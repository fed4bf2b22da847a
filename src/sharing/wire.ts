import { never } from '../base/never.js';
import { bitString } from '../dap/bit-string.js';
import { DP, type DpAddress } from '../dap/registers.js';
import type { WireProtocol } from '../dap/wire-protocol.js';
import type { Probe } from '../probe/probe.js';
import { targetSelPieces } from '../probe/target-sel.js';
import { WireDp } from './dp-state.js';
import { lineReset, type LineState, wakeUp } from './line.js';
import type { LeaseContext } from './lease-context.js';
import type { LeaseLine } from './lease-line.js';

/** Clocks of a data phase and the turnarounds about it, of up to four clocks each (IHI 0031 B4.1, DLCR). */
const DATA_PHASE = bitString(41, -1n);

/** Debug ports on which no client counts any more. */
const MAX_LEFT_DPS = 32;

/** What is on the wire of one probe now, and whose it is. */
export class Wire {
  /** All that counts of this client's debug port is on the wire: its next access needs nothing first. */
  user: LeaseContext | undefined;
  /** Who brought the line to where it is. */
  lineOf: LeaseLine | undefined;
  /** A debug port has answered since the last sequence. */
  isReady = false;
  /** After whose access the target may be in a data phase that the probe has not made, by ORUNDETECT or DLCR.TURNROUND. */
  overrunOf: LeaseLine | undefined;
  /** Whose sequence went over the wire last, with nobody else's access or line reset since, and what it has led to. */
  sent: { readonly by: LeaseLine; readonly to: LineState } | undefined;
  /** How often a debug port that had answered answered no more. */
  breaks = 0;
  /** How often the target was found to have lost its power. */
  losses = 0;
  /** That may have been for a loss of power; nobody has looked yet. */
  mayHaveLostPower = false;
  protocol: WireProtocol = 'SWD';
  /** What TARGETSEL was written with. */
  selection: number | undefined;
  readonly contexts = new Set<LeaseContext>();
  readonly #dps = new Map<number | undefined, WireDp>();
  /** The last debug port that was forgotten, if somebody had worked with it. */
  #forgotten: WireDp | undefined;

  dp(selection: number | undefined): WireDp {
    let dp = this.#dps.get(selection);
    if (dp) return dp;
    if (this.#dps.size >= MAX_LEFT_DPS) this.#forgetLeft();
    dp = new WireDp();
    if (this.#forgotten) dp.forgotten(this.#forgotten);
    this.#dps.set(selection, dp);
    return dp;
  }

  /** Of too many debug ports that no client counts on, forgets one: one that has not answered, or the first. */
  #forgetLeft(): void {
    const counted = new Set([this.selection, ...[...this.contexts].flatMap(({ selections }) => selections)]);
    const left = [...this.#dps].filter(([selection]) => !counted.has(selection));
    if (left.length < MAX_LEFT_DPS) return;
    const forgotten = left.find(([, { isUnanswered }]) => isUnanswered) ?? left[0];
    const [selection, dp] = forgotten;
    this.#dps.delete(selection);
    if (!dp.isUnanswered) this.#forgotten = dp;
  }

  /** A register of the debug port was read that may tell what it is. */
  noteId(selection: number | undefined, register: DpAddress, value: number): void {
    const dp = this.dp(selection);
    if (!dp.addressing.note(register, value)) return;
    // It is another one, and so are its APs.
    for (const context of this.contexts) context.leaveAps(selection);
    dp.aps.clear();
  }

  get dps(): Iterable<WireDp> {
    return this.#dps.values();
  }

  /** Whether this holds for the line of any client, also of one that does not count on the connection. */
  hasLine(which: (line: LeaseLine) => boolean): boolean {
    for (const { line } of this.contexts) if (which(line)) return true;
    return false;
  }

  /** The probe drives the pins of a protocol, and nothing was sent yet. */
  connected(protocol: WireProtocol): void {
    this.protocol = protocol;
    this.selection = this.overrunOf = undefined;
    this.lost();
    for (const context of this.contexts) context.join();
  }

  /** A debug port that has answered does not any more. */
  broken(): void {
    if (!this.isReady) return;
    this.breaks++;
    this.mayHaveLostPower = true;
  }

  /** Nobody knows what the debug ports listen to. */
  lost(): void {
    this.user = this.lineOf = undefined;
    this.isReady = false;
  }

  /** All is on the wire that a client believes to have sent. */
  noteSent(line: LeaseLine): void {
    const { state, selection } = line.now;
    this.lineOf = line;
    this.selection = selection;
    this.sent = { by: line, to: state };
  }

  /**
   * Before a client brings up the line: takes the target out of what another one has left it in the middle of. That is a
   * data phase; or dormant state, where a second alert would be taken for the code that has to follow the first. For its
   * own it has to provide itself, as it would alone.
   */
  async endOfAnother(probe: Probe, line: LeaseLine): Promise<void> {
    if (this.overrunOf !== line) await this.endOverrun(probe);
    this.overrunOf = undefined;
    const { sent } = this;
    if (sent === undefined || sent.by === line) return;
    if (sent.to === 'dormant' || sent.to === 'alerted') await probe.swjSequence?.(wakeUp[this.protocol], never);
    this.sent = undefined;
  }

  /** Ends a data phase that the probe may not have made: clocks of a line reset would be lost to it. */
  async endOverrun(probe: Probe): Promise<void> {
    if (this.overrunOf !== undefined) await probe.swjSequence?.(DATA_PHASE, never);
    this.overrunOf = undefined;
  }

  /** Nobody needs the target any more: it may have been put to sleep, but is not left half awake. */
  async leave(probe: Probe): Promise<void> {
    this.lost();
    if (this.sent?.to === 'alerted') await probe.swjSequence?.(wakeUp[this.protocol], never);
    this.sent = undefined;
  }

  /** The probe is gone, and what is plugged in next has been through a power-up. */
  reset(): void {
    this.#dps.clear();
    this.#forgotten = undefined;
    this.mayHaveLostPower = false;
    this.overrunOf = this.sent = undefined;
    this.lost();
    for (const context of this.contexts) context.reset();
  }

  /**
   * Before a sequence: once its SELECT is not known any more, a debug port with sticky flags does not let them be read.
   *
   * @param except  this client's may stay
   */
  async takeFlags(probe: Probe, except?: LeaseLine): Promise<void> {
    const left = this.dp(this.selection);
    if (!this.isReady || !left.suspect || left.suspect.line === except) return;
    await left.suspect.takeFlags(probe, left);
  }

  /**
   * Brings the line up for a debug port.
   *
   * @param leavesDpidr  the access that follows is the read of DPIDR that has to come first
   */
  async moveTo(probe: Probe, selection: number | undefined, leavesDpidr: boolean): Promise<void> {
    await this.takeFlags(probe);
    this.lost();
    this.sent = undefined;
    this.selection = selection;
    await this.#resetLine(probe);
    if (leavesDpidr) return;
    if (this.protocol === 'SWD') this.noteId(selection, DP.DPIDR, await probe.dap.readDp(DP.DPIDR, never));
    this.isReady = true;
    this.dp(selection).resendOf = 'nobody';
  }

  /** Line reset, and TARGETSEL where there is a choice. */
  async #resetLine(probe: Probe): Promise<void> {
    const reset = lineReset[this.protocol];
    if (this.protocol === 'SWD' && this.selection !== undefined && probe.swd) {
      await probe.swd.sequence([{ direction: 'output', sequence: reset }, ...targetSelPieces(this.selection)], never);
    } else await probe.swjSequence?.(reset, never);
  }
}
