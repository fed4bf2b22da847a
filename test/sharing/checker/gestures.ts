// What stock clients, and less careful ones, do with a DAP; what they do to the wire and to the target is in
// rough-gestures.ts.

import fc from 'fast-check';
import { bringUp, clearSticky, control, DRW, goTo, read, readControl, select, TAR, write } from './bring-up.js';
import { withIgnoredBits } from './ignored-bits.js';
import { roughGesture } from './rough-gestures.js';
import type { Gesture, Realm, Step } from './step.js';

const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;
const DCRSR_WRITE = 0x10000;
/** What one client does; it may die anywhere. */
export function anyProgram(realm: Realm): fc.Arbitrary<readonly Gesture[]> {
  return fc
    .array(
      fc
        .oneof({ weight: 12, arbitrary: anyGesture(realm) }, { weight: 1, arbitrary: cutShort(realm) })
        .chain((gesture) => withIgnoredBits(realm, gesture)),
      { maxLength: 8 },
    )
    .map((gestures) => [bringUp(realm), ...gestures]);
}

function cutShort(realm: Realm): fc.Arbitrary<Gesture> {
  const during = fc.option(fc.constantFrom(read(DRW, 3), read(TAR), readControl), { nil: undefined });
  return fc
    .tuple(anyGesture(realm), fc.nat(12), during)
    .map(([gesture, steps, step]) => [
      ...gesture.slice(0, steps),
      { do: 'die', ...(step && { during: step }) },
      ...bringUp(realm, false),
    ]);
}

/** What a client wrote before it died is done. */
function lastWords(realm: Realm): fc.Arbitrary<Gesture> {
  const at = write(TAR, realm.ram + 0x40);
  return fc
    .tuple(word, fc.option(fc.constantFrom(read(TAR), readControl), { nil: undefined }))
    .map(([value, during]) => [
      ...[select(realm.ap), write(0, 0x23000052), at, write(DRW, value), write(DRW, value, 1)],
      { do: 'die', ...(during && { during }) },
      ...[...bringUp(realm, false), at, read(DRW, 3)],
    ]);
}

/** Everything, for a client that has been brought up. */
export function anyGesture(realm: Realm): fc.Arbitrary<Gesture> {
  if (realm.places.length === 1) return gestureAt(realm);
  const { board, places } = realm;
  return fc.constantFrom(...places).chain((place) =>
    fc
      .tuple(gestureAt({ ...realm, ...place }), fc.constantFrom('sequence', 'write', undefined))
      // Where sharing reads an AP's registers for another client, that tells of an error of the writes to the AP before.
      .map(([gesture, by]) => [
        { do: 'flush' },
        ...(board === 'multidrop' && by !== undefined ? goTo(place, by) : []),
        ...gesture,
      ]),
  );
}

function gestureAt(realm: Realm): fc.Arbitrary<Gesture> {
  return fc.oneof(
    { weight: 6, arbitrary: memoryAccess(realm) },
    { weight: 3, arbitrary: goOn(realm) },
    { weight: 2, arbitrary: fault(realm) },
    { weight: 1, arbitrary: dpRegisters(realm) },
    { weight: 1, arbitrary: power(realm) },
    { weight: 1, arbitrary: session(realm) },
    { weight: 1, arbitrary: lastWords(realm) },
    { weight: 6, arbitrary: roughGesture(realm) },
    ...(realm.resets ? [] : [{ weight: 3, arbitrary: coreRegister(realm) }]),
    ...(realm.handles ? [{ weight: 3, arbitrary: handle(realm) }] : []),
    ...(realm.helped === 'none' ? [] : [{ weight: 1, arbitrary: lateError(realm) }]),
  );
}

const readRdbuff: Step = { do: 'readDp', address: 0xc };
const readResend: Step = { do: 'readDp', address: 8 };
const word = fc.integer({ min: 0, max: 0xffffffff });
/** Offsets around the ends of the pages in which TAR increments. */
const offset = fc.oneof(fc.constantFrom(0, 0x3f8, 0x3fc, 0x3ff, 0x400, 0x7fe), fc.integer({ min: 0, max: 0xffc }));
/** The last three ask for what the AP does not have, or switch everything off. */
const csw = fc.constantFrom(
  ...[0x23000052, 0x23000050, 0x23000051, 0x23000042, 0x03000012, 0x43000010, 0x23000053, 0x23000062, 0],
);

function access(address: number): fc.Arbitrary<Step> {
  return fc.oneof(
    fc.integer({ min: 1, max: 100 }).map((count) => read(address, count)),
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
    fc.constant([select(realm.ap), write(TAR, realm.ram), read(DRW), readRdbuff]),
    // Behind an access that has failed, what is in RDBUFF is anything (IHI 0031 B4.2.3).
    fc.constant([select(realm.ap), read(TAR), readRdbuff, readResend]),
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
  const more = fc.constantFrom<Step>(
    ...[readControl, read(TAR), read(DRW, 3), write(DRW, 1, 2), write(0, 0x23000051), write(TAR, realm.ram + 0x80)],
    { do: 'readDp', address: 0 },
  );
  return fc
    .tuple(
      csw,
      fc.oneof(fc.constantFrom(write(DRW, 1), write(DRW, 1, 2)), access(DRW)),
      fc.array(more, { maxLength: 4 }),
    )
    .map(([mode, step, rest]) => [
      // A packet that is full tells of the error: it is to begin here, whatever sharing has sent before.
      { do: 'flush' },
      select(realm.ap),
      write(0, mode),
      write(TAR, 0x30000000),
      step,
      ...rest,
      readControl,
      ...clearSticky(realm),
      readControl,
      read(TAR),
      read(0),
    ]);
}

/** The error of a write, and what is asked behind it: another write, the lock, a property that a helper may remember. */
function lateError(realm: Realm): fc.Arbitrary<Gesture> {
  const behind = fc.constantFrom<Step>(
    ...[{ do: 'lock' } as const, { do: 'unlock' } as const, { do: 'flush' } as const, read(TAR), readControl],
    ...(['wire_protocol', 'vendor_name'] as const).map((name) => ({ do: 'property' as const, name })),
    ...[write(0, 0x23000052), { do: 'readReset' } as const, { do: 'clock', frequencyHz: 1_000_000 } as const],
  );
  return fc.array(behind, { minLength: 1, maxLength: 6 }).map((rest) => [
    ...[{ do: 'flush' } as const, select(realm.ap), write(0, 0x23000052), write(TAR, 0x30000000), write(DRW, 1)],
    ...[...rest, readControl, ...clearSticky(realm), { do: 'unlock' } as const, readControl, read(TAR), read(0)],
    write(TAR, realm.ram), // or a client that dies in a read of DRW with ORUNDETECT set would break the line
  ]);
}

function dpRegisters({ ap, board, protocol }: Realm): fc.Arbitrary<Gesture> {
  const abort = (value: number): Step => ({ do: 'writeDp', address: 0, value });
  return fc.oneof<fc.Arbitrary<Gesture>[]>(
    fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(0, 4))
      .map(([bank, address]): Gesture => [
        select(ap | bank),
        { do: 'readDp', address },
        select(ap),
        { do: 'readDp', address },
      ]),
    // DLCR as it is at reset.
    fc.constant([select(ap | 1), control(0), readControl, select(ap)]),
    ...(protocol === 'SWD' ? [fc.constantFrom(1, 4, 0x1e, 0x1f).map((value) => [abort(value), readControl])] : []),
    // SELECT1: there is nothing up there.
    ...(board === 'dpv3'
      ? [fc.constant([select(ap | 5), control(1), select(ap | 0xf0), read(0xc), select(5), control(0), select(ap)])]
      : []),
  );
}

function power({ protocol }: Realm): fc.Arbitrary<Gesture> {
  return fc.oneof(
    fc.constant([control(0), readControl, readControl, control(0x50000f00), readControl]),
    fc.constant([control(0x10000f00), readControl, control(0x50000f00)]),
    fc.constant([control(0x50000000), readControl]),
    // ORUNDETECT asks the probe for another shape of packets, as soon as there is a WAIT or a FAULT.
    ...(protocol === 'SWD' ? [fc.constant([control(0x50000f01), readControl, read(TAR), control(0x50000f00)])] : []),
  );
}

function session(realm: Realm): fc.Arbitrary<Gesture> {
  return fc.oneof(
    // The lock goes to others while its holder is asleep.
    fc.constant<Gesture>([{ do: 'lock' }, select(realm.ap), read(TAR), { do: 'lock' }, read(0), { do: 'unlock' }]),
    fc.constantFrom<Gesture>([{ do: 'lock' }], [{ do: 'unlock' }], [{ do: 'connect' }], [{ do: 'flush' }]),
    fc.constantFrom(400_000, 1_000_000, 4_000_000).map((frequencyHz): Gesture => [{ do: 'clock', frequencyHz }]),
    fc
      .constantFrom('close' as const, 'disconnect' as const)
      .map((by): Gesture => [{ do: 'leave', by }, { do: 'return', by }, ...bringUp(realm, false)]),
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
