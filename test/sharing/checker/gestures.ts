// What stock clients, and less careful ones, do with a DAP.

import fc from 'fast-check';
import type { Gesture, Realm, Step } from './step.js';

const TAR = 4;
const DRW = 0xc;
const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;
const DCRSR_WRITE = 0x10000;
/** IHI 0031 B5.3.4. */
const ALERT = (0x19bc0ea2_e3ddafe9_86852d95_6209f392n << 8n) | 0xffn;

const write = (address: number, ...values: number[]): Step => ({ do: 'writeAp', address, values });
const read = (address: number, count = 1): Step => ({ do: 'readAp', address, count });
const select = (value: number): Step => ({ do: 'writeDp', address: 8, value });
const swj = (clocks: number, bits: number | bigint): Step => ({ do: 'swj', clocks, bits: BigInt(bits) });
const readControl: Step = { do: 'readDp', address: 4 };
const lineReset: Gesture = [swj(51, 2n ** 56n - 1n), swj(8, 0)];

/**
 * What a client does first; it leaves CSW and TAR of its AP written.
 *
 * @param looks  at CSW before: the successor of a client that died would find that one's, if it were alone
 */
export function bringUp(realm: Realm, looks = true): Gesture {
  return [
    ...wake(realm),
    { do: 'readDp', address: 0 },
    ...clearSticky(realm),
    { do: 'writeDp', address: 4, value: 0x50000f00 },
    readControl,
    select(realm.ap),
    ...(looks ? [read(0)] : []),
    write(0, 0x23000052),
    write(TAR, realm.ram),
  ];
}

function wake({ board, protocol, targetSel }: Realm): Gesture {
  if (protocol === 'JTAG') return [swj(51, 2n ** 51n - 1n), swj(16, 0xe73c), swj(8, 0xff), swj(1, 0)];
  if (board !== 'multidrop' || targetSel === undefined) return [swj(51, 2n ** 51n - 1n), swj(16, 0xe79e), ...lineReset];
  const dormant = [swj(51, 2n ** 51n - 1n), swj(39, 0x33bbbbba), swj(136, ALERT), swj(12, 0x1a0)];
  return [...dormant, ...lineReset, { do: 'targetsel', value: targetSel, by: 'sequence' }];
}

function clearSticky({ protocol }: Realm): Gesture {
  return protocol === 'SWD'
    ? [{ do: 'writeDp', address: 0, value: 0x1e }]
    : [{ do: 'writeDp', address: 4, value: 0x50000f32 }];
}

/** Everything, for a client that has been brought up. */
export function anyGesture(realm: Realm, handles: boolean): fc.Arbitrary<Gesture> {
  const isSwd = realm.protocol === 'SWD';
  return fc.oneof(
    { weight: 6, arbitrary: memoryAccess(realm) },
    { weight: 3, arbitrary: goOn(realm) },
    { weight: 3, arbitrary: coreRegister(realm) },
    { weight: 2, arbitrary: fault(realm) },
    { weight: 1, arbitrary: dpRegisters(realm) },
    { weight: 1, arbitrary: power(realm) },
    { weight: 1, arbitrary: session },
    { weight: 1, arbitrary: fc.constant([select(realm.ap), write(TAR, realm.ram), read(DRW), readRdbuff] as Gesture) },
    { weight: 1, arbitrary: fc.constant([{ do: 'die' }, ...bringUp(realm, false)] as Gesture) },
    ...(handles ? [{ weight: 3, arbitrary: handle(realm) }] : []),
    { weight: 1, arbitrary: fc.constant([{ do: 'disturbed', how: 'wait', then: read(TAR) }] as Gesture) },
    ...(isSwd
      ? [
          { weight: 2, arbitrary: line(realm) },
          { weight: 1, arbitrary: disturbed(realm) },
        ]
      : []),
  );
}

const readRdbuff: Step = { do: 'readDp', address: 0xc };
const word = fc.integer({ min: 0, max: 0xffffffff });
/** Offsets around the ends of the pages in which TAR increments. */
const offset = fc.oneof(fc.constantFrom(0, 0x3f8, 0x3fc, 0x3ff, 0x400, 0x7fe), fc.integer({ min: 0, max: 0xffc }));
const csw = fc.constantFrom(0x23000052, 0x23000050, 0x23000051, 0x23000042, 0x03000012, 0x43000010);

function access(address: number): fc.Arbitrary<Step> {
  return fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((count) => read(address, count)),
    fc.array(word, { minLength: 1, maxLength: 20 }).map((values) => write(address, ...values)),
  );
}

function memoryAccess(realm: Realm): fc.Arbitrary<Gesture> {
  return fc
    .tuple(csw, fc.boolean(), offset, fc.array(access(DRW), { minLength: 1, maxLength: 3 }))
    .map(([mode, setsMode, at, accesses]) => [
      select(realm.ap),
      ...(setsMode ? [write(0, mode)] : []),
      write(TAR, realm.ram + at),
      ...accesses,
    ]);
}

/** Counts on what is in CSW and TAR. */
function goOn(realm: Realm): fc.Arbitrary<Gesture> {
  return fc.oneof(
    fc.constant([select(realm.ap), read(TAR)]),
    fc.constant([select(realm.ap), read(0)]),
    fc.constant([select(realm.ap | 0xf0), read(0xc), read(8)]), // IDR, BASE
    fc.constant([select(0x7f0000f0), read(0xc)]), // no such AP
    fc.tuple(offset, fc.constantFrom(0, 4, 8, 0xc)).chain(([at, banked]) =>
      fc
        .tuple(
          fc.oneof(
            fc.constant(read(banked)),
            word.map((value) => write(banked, value)),
          ),
        )
        .map(([step]) => [select(realm.ap), write(TAR, realm.ram + at), select(realm.ap | 0x10), step]),
    ),
    fc.constant([select(realm.ap), write(TAR, realm.ram), write(0, 0x23000052), read(DRW, 2)]),
  );
}

/** By DRW, or by the banked data registers; others come between the two halves of it. */
function coreRegister(realm: Realm): fc.Arbitrary<Gesture> {
  const words = [select(realm.ap), write(0, 0x23000052)];
  const poke = (address: number, value: number, banked: boolean): Step[] =>
    banked
      ? [select(realm.ap), write(TAR, 0xe000edf0), select(realm.ap | 0x10), write(address & 0xc, value)]
      : [select(realm.ap), write(TAR, address), write(DRW, value)];
  const peek = (address: number, banked: boolean): Step[] =>
    banked
      ? [select(realm.ap), write(TAR, 0xe000edf0), select(realm.ap | 0x10), read(address & 0xc)]
      : [select(realm.ap), write(TAR, address), read(DRW)];
  return fc
    .tuple(fc.constantFrom(...realm.registers), fc.option(word), fc.boolean())
    .map(([register, value, banked]) =>
      value === null
        ? [...words, ...poke(DCRSR, register, banked), ...peek(DCRDR, banked)]
        : [...words, ...poke(DCRDR, value, banked), ...poke(DCRSR, register | DCRSR_WRITE, banked)],
    );
}

/** Nothing is at 0x30000000 (docs/simulated-board.md). */
function fault(realm: Realm): fc.Arbitrary<Gesture> {
  const more = fc.constantFrom(readControl, read(TAR), read(DRW, 3), write(DRW, 1, 2), {
    do: 'readDp',
    address: 0,
  } as Step);
  return fc
    .tuple(csw, access(DRW), fc.array(more, { maxLength: 4 }))
    .map(([mode, step, rest]) => [
      select(realm.ap),
      write(0, mode),
      write(TAR, 0x30000000),
      step,
      ...rest,
      readControl,
      ...clearSticky(realm),
      readControl,
      read(TAR),
    ]);
}

function dpRegisters({ ap }: Realm): fc.Arbitrary<Gesture> {
  return fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(0, 4))
    .map(([bank, address]) => [select(ap | bank), { do: 'readDp', address }, select(ap), { do: 'readDp', address }]);
}

function power({ protocol }: Realm): fc.Arbitrary<Gesture> {
  const control = (value: number): Step => ({ do: 'writeDp', address: 4, value });
  return fc.oneof(
    fc.constant([control(0), readControl, readControl, control(0x50000f00), readControl]),
    fc.constant([control(0x10000f00), readControl, control(0x50000f00)]),
    fc.constant([control(0x50000000), readControl]),
    // ORUNDETECT asks the probe for another shape of packets, as soon as there is a WAIT or a FAULT.
    ...(protocol === 'SWD' ? [fc.constant([control(0x50000f01), readControl, read(TAR), control(0x50000f00)])] : []),
  );
}

const session: fc.Arbitrary<Gesture> = fc.oneof(
  fc.constant<Gesture>([{ do: 'lock' }]),
  fc.constant<Gesture>([{ do: 'connect' }]),
  fc.constantFrom(400_000, 1_000_000, 4_000_000).map((frequencyHz): Gesture => [{ do: 'clock', frequencyHz }]),
);

/** Line resets, also with the wrong access behind them. */
function line(realm: Realm): fc.Arbitrary<Gesture> {
  const { targetSel } = realm;
  const again: Gesture = [
    ...(targetSel === undefined ? [] : [{ do: 'targetsel', value: targetSel, by: 'write' } as Step]),
    { do: 'readDp', address: 0 },
    ...clearSticky(realm),
    readControl,
  ];
  return fc.oneof(
    fc.constant<Gesture>([...lineReset, ...again]),
    fc.constant<Gesture>([...wake(realm), ...again]),
    fc.constant<Gesture>([...lineReset, readControl, { do: 'readDp', address: 0 }, ...lineReset, ...again]),
    fc.constant<Gesture>([...lineReset, read(TAR), read(TAR), ...lineReset, ...again]),
    fc.constant<Gesture>([
      ...wake({ ...realm, protocol: 'JTAG' }),
      { do: 'readDp', address: 0 },
      ...wake(realm),
      ...again,
    ]),
  );
}

function disturbed(realm: Realm): fc.Arbitrary<Gesture> {
  const { targetSel } = realm;
  const abort: Step = { do: 'writeDp', address: 0, value: 0x1f };
  const again: Gesture = [
    ...lineReset,
    ...(targetSel === undefined ? [] : [{ do: 'targetsel', value: targetSel, by: 'sequence' } as Step]),
    { do: 'readDp', address: 0 },
    abort,
    readControl,
  ];
  return fc.oneof(
    fc.constant<Gesture>([{ do: 'disturbed', how: 'long wait', then: read(DRW) }, abort, select(realm.ap), read(TAR)]),
    fc.constant<Gesture>([
      { do: 'disturbed', how: 'no-ack', then: read(TAR) },
      readControl,
      ...again,
      select(realm.ap),
      read(TAR),
    ]),
  );
}

function handle({ ram }: Realm): fc.Arbitrary<Gesture> {
  const sizeBits = fc.constantFrom<8 | 16 | 32>(8, 16, 32);
  const at = fc.integer({ min: 0, max: 0x3fe }).map((index) => ram + 4 * index);
  return fc
    .oneof(
      fc.record({
        do: fc.constant('readMemory' as const),
        address: at,
        sizeBits,
        count: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({ do: fc.constant('writeMemory' as const), address: at, sizeBits, value: word }),
      fc.constant<Step>({ do: 'readMemory', address: 0x30000000, sizeBits: 32, count: 1 }),
    )
    .map((step): Gesture => [step]);
}
