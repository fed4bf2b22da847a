// A client that does ordinary work, and knows what has to come of each request: its memory, the core registers that it
// uses, and the registers of its AP are nobody else's.

import fc from 'fast-check';
import { bringUp, clearSticky, DRW, read, readControl, readDpidr, select, TAR, write } from './bring-up.js';
import type { Outcome } from './outcome.js';
import type { Realm, Step } from './step.js';

/** As far as TAR increments. */
const PAGE_BYTES = 0x400;
const NOTHING_THERE = 0x30000000;
const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;
const DCRSR_WRITE = 0x10000;
const POWER = 0xf0000f00;

type Bits = 8 | 16 | 32;

/** One of its errands. */
export type Task =
  | {
      readonly do: 'write' | 'read';
      readonly sizeBits: Bits;
      /** Bytes into the page. */
      readonly at: number;
      /** Of a read, as many as there are. */
      readonly values: readonly number[];
      /** In one request; else in one each. */
      readonly inOne: boolean;
      /** Writes CSW and TAR before; else it goes on where it was. */
      readonly setsUp: boolean;
    }
  | { readonly do: 'register'; readonly index: 0 | 1; readonly value: number | undefined }
  | { readonly do: 'handle'; readonly at: number; readonly value: number | undefined }
  | { readonly do: 'fault' | 'look' | 'lock' | 'unlock' | 'flush' };

/** What it sends, and what has to come of it. */
export type Expectation = readonly [step: Step, outcome: Outcome | 'success'];

const word = fc.integer({ min: 0, max: 0xffffffff });
const optionalWord = fc.option(word, { nil: undefined });

export function anyTask({ resets }: Realm): fc.Arbitrary<Task> {
  const memory = fc.record({
    do: fc.constantFrom('write' as const, 'read' as const),
    sizeBits: fc.constantFrom<Bits>(8, 16, 32),
    at: fc.integer({ min: 0, max: PAGE_BYTES - 1 }),
    values: fc.array(word, { minLength: 1, maxLength: 40 }),
    inOne: fc.boolean(),
    setsUp: fc.constantFrom(true, true, false),
  });
  const at = fc.nat(PAGE_BYTES / 4 - 1).map((index) => 4 * index);
  return fc.oneof(
    { weight: 6, arbitrary: memory },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('handle' as const), at, value: optionalWord }) },
    { weight: 2, arbitrary: fc.constantFrom<Task>({ do: 'look' }, { do: 'fault' }, { do: 'flush' }) },
    { weight: 1, arbitrary: fc.constantFrom<Task>({ do: 'lock' }, { do: 'unlock' }) },
    // Of a core that somebody resets nothing can be expected.
    ...(resets
      ? []
      : [
          {
            weight: 3,
            arbitrary: fc.record({
              do: fc.constant('register' as const),
              index: fc.constantFrom<0 | 1>(0, 1),
              value: optionalWord,
            }),
          },
        ]),
  );
}

export class Victim {
  readonly #realm: Realm;
  readonly #page = new DataView(new ArrayBuffer(PAGE_BYTES));
  readonly #registers: [number, number] = [0, 0];
  /** Undefined: its next access has to write them. */
  #csw: Bits | undefined;
  #tar = 0;

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  /** Brings up the line, and clears what is its own. */
  begin(): readonly Expectation[] {
    const { registers, resets } = this.#realm;
    const values = Array.from({ length: PAGE_BYTES / 4 }, () => 0);
    return [
      ...succeeds(bringUp(this.#realm)),
      ...this.expect({ do: 'write', sizeBits: 32, at: 0, values, inOne: true, setsUp: true }),
      ...(resets ? [] : registers.flatMap((_, index) => this.#writeRegister(index, 0))),
    ];
  }

  /** What is left of all it has written. */
  end(): readonly Expectation[] {
    const values = Array.from({ length: PAGE_BYTES / 4 }, () => 0);
    return this.expect({ do: 'read', sizeBits: 32, at: 0, values, inOne: true, setsUp: true });
  }

  expect(task: Task): readonly Expectation[] {
    switch (task.do) {
      case 'write':
      case 'read':
        return this.#memory(task);
      case 'register':
        if (task.value === undefined) return this.#readRegister(task.index);
        return this.#writeRegister(task.index, task.value);
      case 'handle':
        return [this.#handle(task.at, task.value)];
      case 'fault':
        return this.#fault();
      case 'look':
        return [
          [select(this.#realm.ap), 'success'],
          [readControl, [POWER]],
          [readDpidr, [dpidrOf(this.#realm)]],
        ];
      case 'lock':
      case 'unlock':
      case 'flush':
        return [[{ do: task.do }, 'success']];
    }
  }

  #memory({ do: what, sizeBits, at, values, inOne, setsUp }: Task & { readonly do: 'write' | 'read' }): Expectation[] {
    const expected: Expectation[] = [[select(this.#realm.ap), 'success']];
    if (setsUp || this.#csw === undefined) {
      const offset = at & -(sizeBits / 8);
      expected.push([write(0, cswOf(sizeBits)), 'success'], [write(TAR, this.#realm.ram + offset), 'success']);
      this.#csw = sizeBits;
      this.#tar = offset;
    }
    const size = this.#csw;
    const words = values.map((value) => {
      const shift = 8 * (this.#tar & 3);
      if (what === 'write') this.#set(this.#tar, size, value);
      const lane = (this.#get(this.#tar, size) << shift) >>> 0;
      this.#tar = (this.#tar + size / 8) % PAGE_BYTES;
      return lane;
    });
    if (what === 'read') {
      if (inOne) expected.push([read(DRW, words.length), words]);
      else for (const value of words) expected.push([read(DRW), [value]]);
      // RDBUFF of a JTAG-DP reads as zero (IHI 0031 B2.2.8).
      if (this.#realm.protocol === 'SWD') expected.push([{ do: 'readDp', address: 0xc }, words.slice(-1)]);
    } else if (inOne) expected.push([write(DRW, ...words), 'success']);
    else for (const value of words) expected.push([write(DRW, value), 'success']);
    expected.push([read(TAR), [this.#realm.ram + this.#tar]], [read(0), [cswOf(size)]]);
    return expected;
  }

  #handle(at: number, value: number | undefined): Expectation {
    const access = { address: this.#realm.ram + at, sizeBits: 32 } as const;
    if (value === undefined) return [{ do: 'readMemory', ...access, count: 1 }, [this.#get(at, 32)]];
    this.#set(at, 32, value);
    return [{ do: 'writeMemory', ...access, value }, 'success'];
  }

  /** Looks for memory where there is none, as debuggers do. */
  #fault(): readonly Expectation[] {
    this.#csw = undefined;
    return [
      ...succeeds([select(this.#realm.ap), write(0, cswOf(32)), write(TAR, NOTHING_THERE)]),
      [read(DRW), { status: 12, error: 'TransferFaultError' }],
      ...succeeds([readControl, ...clearSticky(this.#realm)]),
    ];
  }

  #writeRegister(index: number, value: number): readonly Expectation[] {
    this.#registers[index] = value;
    return succeeds([
      ...[select(this.#realm.ap), write(0, this.#words()), write(TAR, DCRDR), write(DRW, value)],
      ...[write(TAR, DCRSR), write(DRW, this.#realm.registers[index] | DCRSR_WRITE)],
    ]);
  }

  #readRegister(index: number): readonly Expectation[] {
    return [
      ...succeeds([select(this.#realm.ap), write(0, this.#words()), write(TAR, DCRSR)]),
      ...succeeds([write(DRW, this.#realm.registers[index]), write(TAR, DCRDR)]),
      [read(DRW), [this.#registers[index]]],
    ];
  }

  /** TAR is elsewhere, then. */
  #words(): number {
    this.#csw = undefined;
    return cswOf(32);
  }

  #get(at: number, size: Bits): number {
    if (size === 32) return this.#page.getUint32(at, true);
    return size === 16 ? this.#page.getUint16(at, true) : this.#page.getUint8(at);
  }

  #set(at: number, size: Bits, value: number): void {
    if (size === 32) this.#page.setUint32(at, value, true);
    else if (size === 16) this.#page.setUint16(at, value, true);
    else this.#page.setUint8(at, value);
  }
}

function succeeds(steps: readonly Step[]): readonly Expectation[] {
  return steps.map((step) => [step, 'success']);
}

/** Increments by one access. */
function cswOf(sizeBits: Bits): number {
  return 0x23000050 | { 8: 0, 16: 1, 32: 2 }[sizeBits];
}

function dpidrOf({ board }: Realm): number {
  if (board === 'multidrop') return 0x0bc12477;
  return board === 'dpv3' ? 0x0bc13477 : 0x0bc11477;
}
