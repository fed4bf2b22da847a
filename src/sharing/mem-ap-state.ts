// What is in the registers of a MEM-AP, and who put it there.

/** Registers that a user of a MEM-AP leaves in it and counts on afterwards. */
export type KeptRegister = 'csw' | 'tar' | 'tarHigh';
export const KEPT_REGISTERS = ['csw', 'tar', 'tarHigh'] as const satisfies readonly KeptRegister[];

/** What a debugger has begun to do with DCRSR and DCRDR: a read whose value it will fetch, or a value it has put there. */
export type CoreTransfer =
  { readonly kind: 'selected'; readonly register: number } | { readonly kind: 'value'; readonly value: number };

export interface Replaced {
  /** What the user had there before the other. */
  readonly old: number | undefined;
  /** The place of the write that did it, as `PostingDapPort.posted` counts; undefined: it is about to be made. */
  place: number | undefined;
}

/** The registers of one MEM-AP as one user of it has left them. */
export class MemApView {
  /** undefined: not written by this user, or not known any more; then they are as they are on the wire. */
  csw: number | undefined;
  tar: number | undefined;
  tarHigh: number | undefined;
  /** TAR is computed from increments of a size that this AP may not have. */
  isTarGuessed = false;
  core: CoreTransfer | undefined;
  /** Registers in which this user has written over another's value: if the write fails, that is still there. */
  readonly replaced = new Map<KeptRegister, Replaced>();
  /** Bits of DHCSR that are cleared by being read, and were by others. */
  missedDhcsr = 0;
  /** Something was written here: if this user is forgotten, so is what it counts on. */
  isWritten = false;
  /** Nobody counts on this view any more. */
  isLeft = false;

  forget(): void {
    this.csw = this.tar = this.tarHigh = this.core = undefined;
    this.isTarGuessed = this.isWritten = false;
    this.replaced.clear();
  }
}

/** One AP of the target, and whose values are in its registers. */
export class WireMemAp {
  /** IDR says; undefined: nobody has read it. */
  isMemAp: boolean | undefined;
  /** undefined: nobody has touched the register since the target was connected. */
  readonly owners: Record<KeptRegister, MemApView | undefined> = { csw: undefined, tar: undefined, tarHigh: undefined };
  /** The place of the last access that has changed the register, as `PostingDapPort.posted` counts. */
  readonly changedAt: Record<KeptRegister, number> = { csw: 0, tar: 0, tarHigh: 0 };
  /** Whose transfer DCRSR and DCRDR are at. */
  coreOwner: MemApView | undefined;
  /** CSW as it was before anyone wrote it. */
  initialCsw: number | undefined;
  isCswWritten = false;
  /** Registers are not as they were at first, or may not be. */
  isWritten = false;
  /** Sizes of access that were seen to advance TAR, by bit 1 << CSW.SIZE. Every AP has words. */
  provenSizes = 0b100;
  /** Something was read here that no user asked for: it is in RDBUFF now. */
  hasIntruded = false;
  readonly views = new Set<MemApView>();

  /**
   * A user may have changed the registers in a way that is not known, as by a reset. It finds there what it would find
   * alone; others get theirs back.
   *
   * @param mine  the user's view, if it has one of this AP
   */
  distrust(mine: MemApView | undefined): void {
    for (const kept of KEPT_REGISTERS) {
      const owner = this.owners[kept];
      // What is not known cannot be put back: it is read when it is needed.
      if (owner?.[kept] === undefined) continue;
      if (owner === mine) mine[kept] = undefined;
      else this.spoilt(kept);
    }
    if (mine) mine.core = undefined;
    this.coreOwner = undefined;
  }

  /** What is in the register is nobody's. */
  spoilt(kept: KeptRegister): void {
    const nobody = new MemApView();
    nobody.isLeft = true;
    this.owners[kept] = nobody;
  }

  /** What is in the registers was put there by somebody who was forgotten, and is nobody's. */
  forgotten(): void {
    this.isWritten = this.isCswWritten = true;
    for (const kept of KEPT_REGISTERS) this.spoilt(kept);
  }

  /** Everything is as after power-up, and nobody's. */
  lostPower(): void {
    for (const kept of KEPT_REGISTERS) this.owners[kept] = undefined;
    this.coreOwner = undefined;
    this.isCswWritten = this.isWritten = false;
  }

  /** The power was away, or so it may be: what is in the registers now has to be read. */
  doubt(): void {
    const { csw, tar, tarHigh } = this.owners;
    if (csw) csw.csw = undefined;
    if (tar) tar.tar = undefined;
    if (tarHigh) tarHigh.tarHigh = undefined;
  }
}
