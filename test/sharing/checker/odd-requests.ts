// What a client may send that no sensible one does: whatever the protocol lets through. It leaves alone what others count
// on and sharing cannot keep apart: their memory and core registers, and, unless the world has resets, nRESET and AIRCR.

import fc from 'fast-check';
import type { ProbeRequestName } from '../../../src/protocol/request-names.js';
import { ask, bringUp, DRW, read, TAR } from './bring-up.js';
import type { Gesture, Realm, Step } from './step.js';

const SELECT = 8;
const CTRL_STAT = 4;
const DHCSR = 0xe000edf0;
const DCRSR = 0xe000edf4;
/** AIRCR, with its key and SYSRESETREQ (DDI 0419 B3.2.6). */
const AIRCR = 0xe000ed0c;
const SYSTEM_RESET = 0x05fa0004;
const NOTHING_THERE = 0x30000000;

const readDpidr = ask('read_dp', 0);
const toBank = (bank: number): Step => ask('write_dp', SELECT, bank);

/** Each bit alone, none, all, and any. */
const anyWord = fc.oneof(
  fc.nat(31).map((bit) => 2 ** bit),
  fc.constantFrom(0, 1, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
/** For memory: no key of DHCSR or AIRCR, and in DCRSR none of the registers that others look at. */
const harmless = fc.constantFrom(0, 1, 0x10000);

export function oddGesture(realm: Realm): fc.Arbitrary<Gesture> {
  const only = (step: fc.Arbitrary<Step>): fc.Arbitrary<Gesture> => step.map((it) => [it]);
  return fc.oneof(
    { weight: 3, arbitrary: swj },
    ...(realm.protocol === 'SWD' ? [{ weight: 5, arbitrary: troubled(realm) }] : []),
    { weight: 4, arbitrary: debugPort(realm) },
    { weight: 3, arbitrary: accessPort(realm) },
    { weight: 3, arbitrary: only(session) },
    { weight: 1, arbitrary: only(sequence) },
    { weight: 1, arbitrary: targetSel },
    { weight: 1, arbitrary: only(swo) },
    { weight: 1, arbitrary: handle },
    { weight: 1, arbitrary: fc.constant(bringUp(realm, false)) },
    { weight: 1, arbitrary: fc.constant<Gesture>([{ do: 'die' }]) },
    ...(realm.resets ? [{ weight: 3, arbitrary: reset(realm) }] : []),
  );
}

const swjWords = (...words: readonly (readonly [clocks: number, bits: bigint])[]): Gesture =>
  words.map(([clocks, bits]) => ask('swj_sequence', clocks, bits));
const ONES = [51, 2n ** 51n - 1n] as const;
const ALERT = 0x19bc0ea2_e3ddafe9_86852d95_6209f392n;
/** Eight ones and the alert. */
const WAKING = [136, (ALERT << 8n) | 0xffn] as const;
const rareWord = fc.oneof(
  fc.constantFrom(swjWords([8, 0n]), swjWords([8, 0xffn]), swjWords([128, ALERT]), swjWords([31, 0x33bbbbban])),
  fc.tuple(fc.integer({ min: 1, max: 256 }), fc.bigInt(0n, 2n ** 256n - 1n)).map((any) => swjWords(any)),
);
const anyCode = fc.constantFrom(0x1a0n, 0x0a0n);

/** What there is in the SWJ-DP (IHI 0031 B5), in any order, complete or not. */
const swj: fc.Arbitrary<Gesture> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(swjWords(ONES)) },
        { weight: 3, arbitrary: fc.constantFrom(0xe79en, 0xe73cn, 0xe3bcn).map((code) => swjWords(ONES, [16, code])) },
        { weight: 2, arbitrary: fc.constant(swjWords(WAKING)) },
        { weight: 2, arbitrary: anyCode.map((code) => swjWords(WAKING, [12, code])) },
        {
          weight: 1,
          arbitrary: fc.oneof(
            anyCode.map((code) => swjWords([12, code])),
            rareWord,
          ),
        },
      ),
      { minLength: 1, maxLength: 5 },
    ),
    fc.constantFrom<Gesture>([], [readDpidr], [...swjWords(ONES, [8, 0n]), readDpidr]),
  )
  .map(([words, rest]) => [...words.flat(), ...rest]);

/** What a client does that has lost the line: by a fault of the wire, or by its own doing. */
function troubled(realm: Realm): fc.Arbitrary<Gesture> {
  const losses = fc.constantFrom<Gesture>(
    [toBank(realm.ap), { do: 'disturbed', how: 'no-ack', then: read(TAR) }],
    [toBank(realm.ap), { do: 'disturbed', how: 'no-ack', then: read(TAR) }],
    [toBank(1), ask('write_dp', CTRL_STAT, 0x300), toBank(0)],
    [...overruns(realm.ap), ask('read_ap', DRW)],
    // This may break it when it is sent, which is later.
    [...overruns(realm.ap), ask('write_ap', DRW, 0)],
  );
  const rest = fc.oneof(
    { weight: 3, arbitrary: swj },
    { weight: 1, arbitrary: fc.oneof(targetSel, debugPort(realm), ...(realm.resets ? [reset(realm)] : [])) },
    { weight: 1, arbitrary: fc.constantFrom(1, 0x1f).map((value): Gesture => [ask('write_dp', 0, value)]) },
  );
  return fc.tuple(losses, rest).map((parts) => parts.flat());
}

function debugPort({ ap, protocol }: Realm): fc.Arbitrary<Gesture> {
  const power = [0x50000f00, 0x10000000, 0x40000000, 0x54000f00, 0x50000f01, 0x50000f04, 0x50000f08, 0x50000f0c];
  const control = fc.oneof(fc.constantFrom(0, 0x50000000, ...power), anyWord);
  const abort = fc.oneof(fc.constantFrom(1, 0x1e, 0x1f), anyWord);
  const bank = fc.nat(15);
  return fc.oneof<fc.Arbitrary<Gesture>[]>(
    fc.oneof(fc.constantFrom(0, 0xf0, 0x01000000, ap, ap | 0x10), bank, anyWord).map((value) => [toBank(value)]),
    control.map((value) => [ask('write_dp', CTRL_STAT, value)]),
    control.map((value) => [toBank(0), ask('write_dp', CTRL_STAT, value), ask('read_dp', CTRL_STAT)]),
    abort.map((value) => [ask('write_dp', 0, value)]),
    fc.tuple(bank, fc.constantFrom(0, 4)).map(([at, address]) => [toBank(at), ask('read_dp', address), toBank(0)]),
    // DLCR: its TURNROUND is bits 9:8. And SELECT1.
    fc
      .tuple(fc.oneof(fc.constantFrom(0x100, 0x200, 0x300), anyWord), fc.constantFrom(1, 1, 1, 5))
      .map(([value, at]) => [toBank(at), ask('write_dp', CTRL_STAT, value), toBank(0)]),
    fc.constant([ask('read_dp', 0xc), ask('read_dp', 8)]),
    ...(protocol === 'SWD' ? [fc.constant([...overruns(ap), ask('read_ap', DRW)])] : []),
  );
}

/** What it writes it writes where it has pointed TAR to, before: TAR as others have left it is theirs. */
function accessPort({ ap, ram }: Realm): fc.Arbitrary<Gesture> {
  const csw = fc.oneof(fc.constantFrom(0x23000052, 0x23000050, 0x23000051, 0x23000042, 0x23000062), anyWord);
  const tar = fc.constantFrom(ram, ram + 0x3fc, NOTHING_THERE, 0xfffffffc, DHCSR, DCRSR, 0xe000ed00);
  const register = fc.constantFrom(0, TAR, 8, DRW);
  const count = fc.constantFrom(1, 3, 256, 300, 2000);
  const pointsTo = (at: number): Gesture => [toBank(ap), ask('write_ap', TAR, at)];
  return fc.oneof<fc.Arbitrary<Gesture>[]>(
    csw.map((value) => [toBank(ap), ask('write_ap', 0, value)]),
    tar.map(pointsTo),
    fc.tuple(csw, tar).map(([mode, at]) => [...pointsTo(at), ask('write_ap', 0, mode), ask('read_ap', DRW)]),
    register.map((address) => [ask('read_ap', address)]),
    count.map((words) => [ask('read_ap_multiple', DRW, words)]),
    fc.tuple(tar, harmless).map(([at, value]) => [...pointsTo(at), ask('write_ap', DRW, value)]),
    // By a banked data register.
    tar.map((at) => [...pointsTo(at), toBank(ap | 0x10), ask('write_ap', 0, 0)]),
    fc.tuple(tar, count).map(([at, words]) => [
      ...pointsTo(at),
      ask(
        'write_ap_multiple',
        DRW,
        Array.from({ length: words }, () => 0),
      ),
    ]),
    // Registers that cannot be written, and an AP that is not there.
    fc
      .tuple(fc.constantFrom(ap | 0xf0, 0x7f000000), register, anyWord)
      .map(([select, address, value]) => [toBank(select), ask('write_ap', address, value)]),
    // A register of the core is selected, and another client comes before it is fetched.
    fc.constant([...pointsTo(DCRSR + 4), ask('read_ap', DRW)]),
  );
}

const session = fc
  .oneof(
    fc.constantFrom<readonly [ProbeRequestName, ...unknown[]]>(
      ...(['open', 'open', 'close', 'disconnect', 'lock', 'unlock', 'flush'] as const).map((name) => [name] as const),
      ...(['SWD', 'JTAG', 'DEFAULT'] as const).map((protocol) => ['connect', protocol] as const),
    ),
    fc.constantFrom(1, 1000, 1e6, 10.5, 0xffffffff).map((frequency) => ['set_clock', frequency] as const),
  )
  .map(([request, ...args]) => ask(request, ...args));

/** Refused while others are there, unless it happens to be a line reset. */
const sequence: fc.Arbitrary<Step> = fc.oneof(
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.option(fc.bigInt(0n, 2n ** 64n - 1n), { nil: undefined })), {
      minLength: 1,
      maxLength: 5,
    })
    .map((pieces) =>
      ask(
        'swd_sequence',
        pieces.map(([clocks, bits]) => (bits === undefined ? [clocks] : [clocks, bits])),
      ),
    ),
  fc
    .tuple(fc.integer({ min: 1, max: 64 }), fc.constantFrom(0, 1), fc.boolean(), fc.bigInt(0n, 2n ** 64n - 1n))
    .map(([cycles, tms, readTdo, tdi]) => ask('jtag_sequence', cycles, tms, readTdo, tdi)),
);

/** Of either target of the multi-drop board, and of one that is not there. */
const targetSel: fc.Arbitrary<Gesture> = fc
  .tuple(fc.boolean(), fc.oneof(fc.constantFrom(0x01002927, 0x11002927, 0x21002927), anyWord))
  .map(([resets, value]) => [
    ...(resets ? [ask('swj_sequence', 51, 2n ** 51n - 1n)] : []),
    ask('write_dp', 0xc, value),
    readDpidr,
  ]);

const swo = fc.oneof(
  fc.constantFrom(1, 9600, 2e6).map((baudRate) => ask('swo_start', baudRate)),
  fc.constantFrom(ask('swo_stop'), ask('swo_read')),
);

const handle: fc.Arbitrary<Gesture> = fc
  .tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 1, 0xff, 0x2000), fc.nat(2))
  .map(([version, address, number]) => [
    ask('get_memory_interface_for_ap', version, address),
    ask('read_mem', number, 0x20000001, 8),
    ask('read_block8', number, 0x20000001, 77),
    ask('read_mem', number, NOTHING_THERE, 32),
  ]);

function reset({ ap }: Realm): fc.Arbitrary<Gesture> {
  return fc.constantFrom<Gesture>(
    [ask('reset')],
    [ask('assert_reset', true)],
    [ask('assert_reset', false)],
    [ask('assert_reset', 1), ask('is_reset_asserted'), ask('assert_reset', 0)],
    // In another bank the first two would be writes to memory, where others have pointed TAR to.
    [toBank(ap), ask('write_ap', 0, 0x23000052), ask('write_ap', TAR, AIRCR), ask('write_ap', DRW, SYSTEM_RESET)],
  );
}

/** With ORUNDETECT the target makes a data phase behind an error that no probe makes. */
function overruns(ap: number): Gesture {
  return [toBank(ap), ask('write_dp', CTRL_STAT, 0x50000f01), ask('write_ap', TAR, NOTHING_THERE)];
}
