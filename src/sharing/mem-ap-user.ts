// Accesses to one AP on behalf of one of its users. Others may have been there since: what this access counts on is put
// back first, and what they count on is saved. Nothing is, while one user is alone or the values happen to be the same.

import { never } from '../base/never.js';
import { TransferError } from '../dap/errors.js';
import { type ApAddress, CSW, isMemApIdr, MEM_AP, TAR_PAGE_BYTES } from '../dap/registers.js';
import type { DapPort, PostingDapPort } from '../probe/probe.js';
import { type CoreAccess, CoreWatch, isNearCore, type TargetWatch } from './core-watch.js';
import { KEPT_REGISTERS, type KeptRegister, type MemApView, type WireMemAp } from './mem-ap-state.js';

const offsets: Readonly<Record<KeptRegister, number>> = {
  csw: MEM_AP.CSW,
  tar: MEM_AP.TAR,
  tarHigh: MEM_AP.TAR_HIGH,
};
const TAR_PAGE_MASK = ~(TAR_PAGE_BYTES - 1);
const BANKED_MASK = 0xf0;
const WORDS = CSW.SIZE_WORD | CSW.ADDRINC_SINGLE;

/** Called with the probe's turn held, and with the wire at this AP's debug port. */
export class MemApUser {
  readonly #core: CoreWatch;

  /** @param base  where the AP's register 0 (CSW) is; a register's address is the sum */
  constructor(
    readonly base: ApAddress,
    readonly ap: WireMemAp,
    readonly view: MemApView,
    watch: TargetWatch,
  ) {
    ap.views.add(view);
    this.#core = new CoreWatch(this, watch);
  }

  /** @param register  offset from `base` */
  async read(dap: PostingDapPort, register: number, count: number, signal: AbortSignal): Promise<Uint32Array> {
    if (this.#isForeign(register)) await this.#claim(dap, register, false);
    const core = this.#coreAccess(register, count);
    if (core) await this.#core.beforeRead(dap, core);
    try {
      const words = await dap.readAp(this.base + register, count, signal);
      this.view.replaced.clear(); // a read waits for the writes before it
      this.#noteRead(register, words);
      if (core) this.#core.afterRead(core, words);
      return words;
    } catch (error) {
      if (core) this.ap.coreOwner = undefined;
      this.#noteFailure(register, false, error);
      throw error;
    }
  }

  async write(dap: PostingDapPort, register: number, values: Uint32Array, signal: AbortSignal): Promise<void> {
    if (this.#isForeign(register)) await this.#claim(dap, register, true);
    const core = this.#coreAccess(register, values.length);
    if (core) await this.#core.beforeWrite(dap, core, values);
    this.view.isWritten = this.ap.isWritten = true;
    try {
      await dap.writeAp(this.base + register, values, signal);
    } catch (error) {
      if (core) this.ap.coreOwner = undefined;
      this.#dropConfirmed(dap.confirmed);
      this.#noteFailure(register, true, error);
      throw error;
    }
    if (this.view.replaced.size > 0) this.#notePosted(dap, values.length);
    this.#noteWrite(dap, register, values);
    if (core) this.#core.afterWrite(core, values);
  }

  /** Has all registers of the AP as this user counts on them, and those of others saved. */
  async claimAll(dap: PostingDapPort): Promise<void> {
    for (const kept of KEPT_REGISTERS) if (this.ap.owners[kept] !== undefined) await this.#own(dap, kept, true);
  }

  /**
   * An access has failed, and those behind it were dropped.
   *
   * @param confirmed  the place up to which all were executed, as `PostingDapPort.posted` counts
   * @param refusedAt  that of the one that failed; undefined: nobody knows how many were executed
   */
  doubt(confirmed: number, refusedAt: number | undefined): void {
    this.#dropConfirmed(confirmed);
    for (const kept of KEPT_REGISTERS) {
      if (this.ap.owners[kept] !== this.view || this.ap.changedAt[kept] <= confirmed) continue;
      const place = this.view.replaced.get(kept)?.place ?? Infinity;
      this.#doubt(kept, refusedAt !== undefined && refusedAt <= place);
    }
  }

  /** @param isReplaced  what is in the register may still be another's */
  #doubt(kept: KeptRegister, isReplaced: boolean): void {
    const { ap, view } = this;
    const replaced = view.replaced.get(kept);
    view[kept] = replaced && isReplaced ? replaced.old : undefined;
    if (replaced && isReplaced) ap.spoilt(kept);
    view.replaced.delete(kept);
  }

  #dropConfirmed(confirmed: number): void {
    const { replaced } = this.view;
    for (const [kept, { place = Infinity }] of replaced) if (place <= confirmed) replaced.delete(kept);
  }

  /** A write was made, or waits to be. @param count  of its values, the first of which may have replaced something */
  #notePosted({ postedBatch, posted }: PostingDapPort, count: number): void {
    const { replaced } = this.view;
    if (postedBatch === undefined) replaced.clear();
    else for (const each of replaced.values()) each.place ??= posted - count + 1;
  }

  /** Nobody counts on this user's registers any more. */
  leave(): void {
    this.view.isLeft = true;
    this.ap.views.delete(this.view);
  }

  /** Whether an access to `register` counts on, or changes, what somebody else has in the AP. */
  #isForeign(register: number): boolean {
    const { owners } = this.ap;
    const { view } = this;
    switch (register) {
      case MEM_AP.CSW:
        return owners.csw !== view;
      case MEM_AP.TAR:
        return owners.tar !== view;
      case MEM_AP.TAR_HIGH:
        return owners.tarHigh !== view;
      default:
        if (!reachesMemory(register)) return false;
        return owners.csw !== view || owners.tar !== view || (owners.tarHigh !== undefined && owners.tarHigh !== view);
    }
  }

  async #claim(dap: PostingDapPort, register: number, write: boolean): Promise<void> {
    switch (register) {
      case MEM_AP.CSW:
        return this.#own(dap, 'csw', !write);
      case MEM_AP.TAR:
        return this.#own(dap, 'tar', !write);
      case MEM_AP.TAR_HIGH:
        return this.#own(dap, 'tarHigh', !write);
      default:
        if (this.ap.owners.tarHigh) await this.#own(dap, 'tarHigh', true);
        await this.#own(dap, 'csw', true);
        await this.#own(dap, 'tar', true);
    }
  }

  /** Makes this user the owner of a register. @param restore  its value is counted on; else it is about to be written */
  async #own(dap: PostingDapPort, kept: KeptRegister, restore: boolean): Promise<void> {
    const { ap, view } = this;
    // Where an error will not tell whether a posted write was executed, it is to find this user's value if it was not.
    const restores = restore || (dap.postsWrites && !dap.namesRefused);
    const owner = ap.owners[kept];
    if (owner !== undefined && owner !== view && (await this.#isMemAp(dap))) {
      const isSaved = owner.isLeft || (owner[kept] !== undefined && !(kept === 'tar' && owner.isTarGuessed));
      if (!isSaved) await this.#save(dap, owner, kept);
      const there = owner[kept];
      if (restores) view[kept] ??= (kept === 'csw' ? ap.initialCsw : kept === 'tarHigh' ? 0 : undefined) ?? there;
      const mine = view[kept];
      if (!restores) view.replaced.set(kept, { old: mine, place: undefined });
      else if (mine !== undefined && mine !== there) await this.#put(dap, kept, mine);
    }
    ap.owners[kept] = view;
  }

  async #save(dap: DapPort, owner: MemApView, kept: KeptRegister): Promise<void> {
    this.ap.hasIntruded = true;
    const [value] = await dap.readAp(this.base + offsets[kept], 1, never);
    if (kept === 'tar') {
      // That it is where we thought shows that the AP has accesses of that size.
      if (owner.isTarGuessed && value === owner.tar) this.ap.provenSizes |= 1 << sizeOf(owner.csw ?? 0);
      owner.isTarGuessed = false;
    }
    owner[kept] = value;
  }

  async #put(dap: DapPort, kept: KeptRegister, value: number): Promise<void> {
    try {
      await dap.writeAp(this.base + offsets[kept], Uint32Array.of(value), never);
      await dap.flush(never); // what fails here must not look as if the access had failed that it is done for
    } catch (error) {
      this.ap.spoilt(kept); // it may have been written all the same
      throw error;
    }
  }

  /** Of other APs we know nothing: what is at the place of CSW and TAR may erase a chip. */
  async #isMemAp(dap: DapPort): Promise<boolean> {
    if (this.ap.isMemAp === undefined) {
      this.ap.hasIntruded = true;
      const [idr] = await dap.readAp(this.base + MEM_AP.IDR, 1, never);
      this.ap.isMemAp = isMemApIdr(idr);
    }
    return this.ap.isMemAp;
  }

  #noteRead(register: number, words: Uint32Array): void {
    const { ap, view } = this;
    const last = words[words.length - 1];
    switch (register) {
      case MEM_AP.CSW:
        if (!ap.isCswWritten) ap.initialCsw = last;
        view.csw = last;
        ap.provenSizes |= 1 << sizeOf(last);
        break;
      case MEM_AP.IDR:
        ap.isMemAp = isMemApIdr(last);
        break;
      default:
        this.#noteAddress(register, words.length, last);
    }
  }

  #noteWrite({ posted }: PostingDapPort, register: number, values: Uint32Array): void {
    const { ap, view } = this;
    const last = values[values.length - 1];
    switch (register) {
      case MEM_AP.CSW:
        ap.isCswWritten = true;
        ap.changedAt.csw = posted;
        view.csw = last;
        break;
      case MEM_AP.TAR_HIGH:
        ap.changedAt.tarHigh = posted;
        break;
      case MEM_AP.TAR:
      case MEM_AP.DRW:
        ap.changedAt.tar = posted;
        break;
    }
    this.#noteAddress(register, values.length, last);
  }

  /** What an access, read or write, says of the address that the next one goes to. */
  #noteAddress(register: number, count: number, last: number): void {
    const { view } = this;
    switch (register) {
      case MEM_AP.TAR:
        view.tar = last;
        view.isTarGuessed = false;
        break;
      case MEM_AP.TAR_HIGH:
        view.tarHigh = last;
        break;
      case MEM_AP.DRW:
        this.#advance(count);
        break;
    }
  }

  /** How far it got, nobody knows. */
  #noteFailure(register: number, write: boolean, error: unknown): void {
    const { view } = this;
    const mayAdvance = register === MEM_AP.DRW || !(error instanceof TransferError);
    if (mayAdvance || (register === MEM_AP.TAR && !write)) view.tar = undefined;
    if (!write) return;
    if (register === MEM_AP.CSW) this.ap.isCswWritten = true;
    for (const kept of KEPT_REGISTERS) if (register === offsets[kept]) this.#doubt(kept, true);
  }

  #advance(count: number): void {
    const { view } = this;
    if (view.tar === undefined) return;
    const increment = view.csw === undefined ? undefined : view.csw & CSW.ADDRINC_MASK;
    if (increment === 0) return;
    const size = sizeOf(view.csw ?? 0);
    const end = view.tar + (count << size);
    const isKnown =
      increment === CSW.ADDRINC_SINGLE && size <= CSW.SIZE_WORD && ((end ^ view.tar) & TAR_PAGE_MASK) === 0;
    view.tar = isKnown ? end : undefined;
    if ((this.ap.provenSizes & (1 << size)) === 0) view.isTarGuessed = true;
  }

  /** The words that an access reaches, if they are near the debug registers of a core. A CSW we do not know is that of words. */
  #coreAccess(register: number, count: number): CoreAccess | undefined {
    const { csw = WORDS, tar } = this.view;
    if (tar === undefined || !isNearCore(tar) || this.view.tarHigh || this.ap.isMemAp === false) return undefined;
    if (register === MEM_AP.DRW) {
      if (sizeOf(csw) !== CSW.SIZE_WORD) return undefined;
      // Of a word an AP may ignore bits 1:0.
      return { address: (tar & ~3) >>> 0, step: csw & CSW.ADDRINC_MASK ? 4 : 0, count };
    }
    if ((register & BANKED_MASK) !== MEM_AP.BD0) return undefined;
    return { address: ((tar & ~0xf) | (register & 0xc)) >>> 0, step: 0, count };
  }
}

function reachesMemory(register: number): boolean {
  return register === MEM_AP.DRW || (register & BANKED_MASK) === MEM_AP.BD0;
}

/** CSW.SIZE: the binary logarithm of the bytes of an access. */
function sizeOf(csw: number): number {
  return csw & CSW.SIZE_MASK;
}
