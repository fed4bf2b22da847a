// What clients do to the line, to the target and to SWO, and what goes wrong on the wire.

import fc from 'fast-check';
import { targetSelPieces } from '../../../src/probe/target-sel.js';
import {
  bringUp,
  clearSticky,
  control,
  DRW,
  idle,
  lineReset,
  read,
  readControl,
  readDpidr,
  select,
  TAR,
  wake,
  write,
} from './bring-up.js';
import type { Disturbance, Gesture, RawSequence, Realm, Step } from './step.js';

/** AIRCR with its key and SYSRESETREQ (DDI 0419 B3.2.6). */
const AIRCR = 0xe000ed0c;
const SYSTEM_RESET = 0x05fa0004;
const readRdbuff: Step = { do: 'readDp', address: 0xc };

export function roughGesture(realm: Realm): fc.Arbitrary<Gesture> {
  const isSwd = realm.protocol === 'SWD';
  return fc.oneof(
    { weight: 3, arbitrary: disturbed(realm) },
    ...(realm.handles ? [{ weight: 1, arbitrary: disturbedHandle(realm) }] : []),
    { weight: 1, arbitrary: fc.constantFrom(...(isSwd ? rawSwd(realm) : rawJtag(realm))) },
    { weight: 1, arbitrary: swo },
    ...(isSwd ? [{ weight: 2, arbitrary: line(realm) }] : []),
    ...(realm.resets
      ? [
          { weight: 2, arbitrary: reset(realm) },
          // Of several debug ports on a line only the one that was asked for power tells.
          ...(realm.board !== 'multidrop' ? [{ weight: 1, arbitrary: fc.constant(powerLoss(realm)) }] : []),
        ]
      : []),
  );
}

/** Line resets, also with the wrong access behind them. */
function line(realm: Realm): fc.Arbitrary<Gesture> {
  const again = afterLineReset(realm, 'write');
  return fc.constantFrom<Gesture>(
    [idle, read(TAR), idle, readControl],
    [...lineReset, ...again],
    [...wake(realm), ...again],
    [...lineReset, readControl, readDpidr, ...lineReset, ...again],
    [...lineReset, read(TAR), read(TAR), ...lineReset, ...again],
    [...wake({ ...realm, protocol: 'JTAG' }), readDpidr, ...wake(realm), ...again],
  );
}

function afterLineReset(realm: Realm, by: 'write' | 'sequence'): Gesture {
  const { targetSel } = realm;
  return [
    ...(targetSel === undefined ? [] : [{ do: 'targetsel', value: targetSel, by } as const]),
    readDpidr,
    ...clearSticky(realm),
    readControl,
  ];
}

type Piece = (RawSequence & { readonly over: 'SWD' })['pieces'][number];

function rawSwd(realm: Realm): Gesture[] {
  const { targetSel } = realm;
  const raw = (isGranted: boolean, ...pieces: Piece[]): Step => ({ do: 'raw', isGranted, over: 'SWD', pieces });
  const reset: Piece[] = [
    [51, -1n],
    [8, 0n],
  ];
  const select: Piece[] =
    targetSel === undefined
      ? []
      : targetSelPieces(targetSel).map((piece) =>
          piece.direction === 'input' ? piece.lengthBits : [piece.sequence.lengthBits, piece.sequence.bits],
        );
  // Start, DP, read, A[3:2] = 0, parity, stop, park; turnaround and ACK; data and parity; turnaround; idle.
  const dpidr: Piece[] = [[8, 0xa5n], 4, 33, 1, [8, 0n]];
  return [
    [raw(true, ...reset, ...select), readDpidr, ...clearSticky(realm), readControl],
    [raw(false, ...reset, ...select, ...dpidr), ...clearSticky(realm), readControl],
    [raw(false, ...dpidr), ...clearSticky(realm), readControl],
  ];
}

function rawJtag(realm: Realm): Gesture[] {
  const raw = (isGranted: boolean, ...runs: (readonly [tms: 0 | 1, clocks: number, reads?: true])[]): Step => ({
    do: 'raw',
    isGranted,
    over: 'JTAG',
    runs: runs.map(([tms, clocks, reads = false]) => ({ tms, clocks, reads })),
  });
  const home = raw(true, [1, 6], [0, 1]);
  const rest = [readDpidr, ...clearSticky(realm), readControl];
  return [
    [home, ...rest],
    [raw(true, [0, 5]), ...rest],
    // By way of Test-Logic-Reset, which selects IDCODE, to Shift-DR; its last bit leaves it.
    [raw(false, [1, 5], [0, 1], [1, 1], [0, 2], [0, 31, true], [1, 1, true], [1, 1], [0, 1]), ...rest],
    // Left in the middle of a scan.
    [raw(false, [1, 2], [0, 2]), home, ...rest],
  ];
}

const swo: fc.Arbitrary<Gesture> = fc.oneof(
  fc.constantFrom<Gesture>(
    [{ do: 'swo', what: 'start' }],
    [{ do: 'swo', what: 'stop' }],
    [{ do: 'swo', what: 'read' }],
  ),
  fc.array(fc.nat(255), { minLength: 1, maxLength: 20 }).map((bytes): Gesture => [
    { do: 'swo', what: 'start' },
    { do: 'trace', bytes },
    { do: 'swo', what: 'read' },
  ]),
);

function disturbed(realm: Realm): fc.Arbitrary<Gesture> {
  // TAR with another value than it has: a write that changes nothing would not be made.
  const any = fc.constantFrom(
    ...[read(TAR), read(DRW), read(DRW, 70), write(DRW, 1, 2, 3), read(0), write(TAR, realm.ram + 0x44)],
  );
  const block = fc.constantFrom(
    ...[31, 33, 70].map((count) => read(DRW, count)),
    ...[31, 33, 70].map((count) => write(DRW, ...Array.from({ length: count }, (_, i) => i))),
  );
  const of = (how: Disturbance, then: fc.Arbitrary<Step>, rest: Gesture): fc.Arbitrary<Gesture> =>
    then.map((step) => [
      // Where sharing has to know first whether this is a MEM-AP, its read of IDR would meet what is meant for DRW.
      ...(/parity|amid|at DRW/.test(how) ? [select(realm.ap | 0xf0), read(0xc)] : []),
      select(realm.ap),
      write(0, 0x23000052),
      write(TAR, realm.ram),
      { do: 'disturbed', how, then: step },
      ...rest,
      readControl,
      select(realm.ap),
      read(TAR),
      read(0),
    ]);
  const isSwd = realm.protocol === 'SWD';
  const anotherLine = [readControl, ...wake(realm), ...afterLineReset(realm, 'sequence')];
  const abort: Step = { do: 'writeDp', address: 0, value: 0x1f };
  return fc.oneof(
    of('wait', any, []),
    of('wait at the DP', fc.oneof(any, fc.constantFrom(readControl, control(0x50000f00))), []),
    of('long wait at DRW', fc.constantFrom(read(DRW), read(DRW, 5), write(DRW, 1, 2)), [abort, ...clearSticky(realm)]),
    of('long wait at RDBUFF', fc.constantFrom(read(TAR), read(0), readRdbuff), [abort, ...clearSticky(realm)]),
    of('fault', any, [readControl, ...clearSticky(realm)]),
    of('fault amid', block, [readControl, ...clearSticky(realm)]),
    ...(isSwd
      ? [
          of('long wait', any, [abort, ...clearSticky(realm)]),
          of('parity', fc.constantFrom(read(DRW), read(DRW, 5), write(DRW, 1, 2)), [...[readControl, abort]]),
          of('parity amid', block, [...[readControl, abort]]),
          of('no-ack', fc.oneof(any, fc.constant(readControl)), anotherLine),
          of('no-ack amid', block, anotherLine),
        ]
      : // An access over JTAG is made, and takes its time.
        [
          of('long wait', fc.constantFrom(read(TAR), read(0)), [abort, ...clearSticky(realm)]),
          // A scan that breaks off is an access, nobody knows which.
          of('no-ack', fc.oneof(any, fc.constant(readControl)), anew(realm)),
        ]),
  );
}

/** A memory handle clears the flags of its errors itself, and leaves the registers of the AP to its client as they were. */
function disturbedHandle(realm: Realm): fc.Arbitrary<Gesture> {
  const { ap, ram } = realm;
  const look: Step = { do: 'readMemory', address: ram, sizeBits: 32, count: 1 };
  const access = fc.constantFrom<Step>(
    ...[look, { ...look, count: 70 }, { ...look, sizeBits: 8 as const, address: ram + 0x3fe, count: 4 }],
    { do: 'writeMemory', address: ram + 4, sizeBits: 16, value: 0x1234 },
  );
  const hows = fc.constantFrom<Disturbance>('wait', 'fault', 'fault amid', 'long wait at DRW');
  return fc
    .tuple(hows, access)
    .map(([how, then]) => [
      ...[select(ap), write(0, 0x23000052), write(TAR, ram + 0x20), look],
      { do: 'disturbed', how, then },
      ...(how === 'long wait at DRW'
        ? [{ do: 'writeDp', address: 0, value: 0x1f } as const, ...clearSticky(realm)]
        : []),
      ...[readControl, look, read(TAR), read(0), read(DRW)],
    ]);
}

/** Puts in place whatever this client has: the registers of DP and APs, and memory where TAR pointed. */
function anew(realm: Realm): Gesture {
  const { ap: here, places, ram } = realm;
  const others = places.filter(({ ap }) => ap !== here);
  return [
    ...[...wake(realm), readDpidr, ...clearSticky(realm), control(0x50000f00), readControl],
    ...[...others, { ap: here }].flatMap(({ ap }) => [
      ...[select(ap), write(0, 0x23000052), write(TAR, ram), write(DRW, ...Array.from({ length: 80 }, () => 0))],
      read(TAR),
    ]),
  ];
}

function powerLoss(realm: Realm): Gesture {
  return [{ do: 'disturbed', how: 'power-lost', then: read(TAR) }, ...bringUp(realm, false)];
}

function reset({ ap, ram, protocol, resets }: Realm): fc.Arbitrary<Gesture> {
  // As stock clients do. That the APs were reset cannot be seen where another one held nRESET already.
  const distrusts: Gesture = resets === 'core' ? [] : [select(ap), write(0, 0x23000052), write(TAR, ram + 0x20)];
  // Nor can it be put back what a reset has left in an AP, where a scan that breaks off comes before anybody has read it.
  const rewrites = protocol === 'JTAG' ? distrusts : [];
  const asserts: Gesture = [{ do: 'setReset', asserted: true }, ...distrusts];
  const lets: Gesture = [{ do: 'setReset', asserted: false }];
  const looks: Gesture = [select(ap), read(TAR), read(0), readControl];
  return fc.constantFrom<Gesture>(
    [...asserts, { do: 'readReset' }, ...looks, ...lets, { do: 'readReset' }, ...looks],
    [{ do: 'readReset' }],
    [{ do: 'pulseReset' }, ...distrusts, ...looks],
    [
      select(ap),
      write(0, 0x23000052),
      write(TAR, AIRCR),
      write(DRW, SYSTEM_RESET),
      ...rewrites,
      ...looks,
      control(0x50000f00),
    ],
  );
}
