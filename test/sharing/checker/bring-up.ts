// Steps, and what every client begins with.

import type { ProbeRequestName } from '../../../src/protocol/request-names.js';
import type { Gesture, Place, Realm, Step } from './step.js';

export const TAR = 4;
export const DRW = 0xc;
/** IHI 0031 B5.3.4. */
const ALERT = (0x19bc0ea2_e3ddafe9_86852d95_6209f392n << 8n) | 0xffn;

export const write = (address: number, ...values: number[]): Step => ({ do: 'writeAp', address, values });
export const read = (address: number, count = 1): Step => ({ do: 'readAp', address, count });
export const select = (value: number): Step => ({ do: 'writeDp', address: 8, value });
/** CTRL/STAT, or what is in the bank that is selected. */
export const control = (value: number): Step => ({ do: 'writeDp', address: 4, value });
export const readControl: Step = { do: 'readDp', address: 4 };
export const readDpidr: Step = { do: 'readDp', address: 0 };
export const ask = (request: ProbeRequestName, ...args: unknown[]): Step => ({ do: 'ask', request, args });
const swj = (clocks: number, bits: number | bigint): Step => ({ do: 'swj', clocks, bits: BigInt(bits) });
export const idle: Step = swj(8, 0);
export const lineReset: Gesture = [swj(51, 2n ** 56n - 1n), idle];

/**
 * What a client does first; it leaves CSW and TAR of its AP written, and RDBUFF read.
 *
 * @param looks  at CSW before: the successor of a client that died would find that one's, if it were alone
 */
export function bringUp(realm: Realm, looks = true): Gesture {
  // Over JTAG no line reset takes the client to bank 0, where CTRL/STAT is.
  const toBank0 = realm.protocol === 'JTAG' ? [select(realm.ap)] : [];
  const powersUp = [...toBank0, ...clearSticky(realm), control(0x50000f00), readControl];
  const here = realm.places.filter(({ targetSel }) => targetSel === realm.targetSel);
  const elsewhere = realm.places.filter((place) => !here.includes(place));
  const setsUp = ({ ap }: Place): Gesture => [
    // The power may have gone while the client was at an AP up there.
    ...(realm.board === 'dpv3' ? [select(ap | 5), control(0)] : []),
    ...[select(ap), ...(looks ? [read(0)] : [])],
    ...[write(0, 0x23000052), write(TAR, realm.ram), read(TAR)],
  ];
  return [
    ...wake(realm),
    ...elsewhere.flatMap((place) => [...goTo(place), ...powersUp, ...setsUp(place)]),
    ...(elsewhere.length > 0 ? goTo(realm) : [readDpidr]),
    ...powersUp,
    ...here.flatMap(setsUp),
    select(realm.ap),
  ];
}

/** To a target of a multi-drop line that is up. */
export function goTo({ targetSel }: Place, by: 'write' | 'sequence' = 'sequence'): Gesture {
  return [
    ...lineReset,
    ...(targetSel === undefined ? [] : [{ do: 'targetsel', value: targetSel, by } as const]),
    readDpidr,
  ];
}

/** From whatever the line is in. */
export function wake({ board, protocol, targetSel }: Realm): Gesture {
  if (protocol === 'JTAG') return [swj(51, 2n ** 51n - 1n), swj(16, 0xe73c), swj(8, 0xff), swj(1, 0)];
  if (board !== 'multidrop' || targetSel === undefined) return [swj(51, 2n ** 51n - 1n), swj(16, 0xe79e), ...lineReset];
  const dormant = [swj(51, 2n ** 51n - 1n), swj(39, 0x33bbbbba), swj(136, ALERT), swj(12, 0x1a0)];
  return [...dormant, ...lineReset, { do: 'targetsel', value: targetSel, by: 'sequence' }];
}

export function clearSticky({ protocol }: Realm): Gesture {
  return protocol === 'SWD' ? [{ do: 'writeDp', address: 0, value: 0x1e }] : [control(0x50000f32)];
}
