// Bits that the target ignores: whoever sets them works with the same registers as one who does not.

import fc from 'fast-check';
import { control, select } from './bring-up.js';
import type { Gesture, Realm, Step } from './step.js';

const SELECT = 8;
/** ADIv5: neither APSEL nor APBANKSEL nor DPBANKSEL. */
const IGNORED_OF_SELECT = 0x00ffff00;
/** A DPv3 of the board has addresses of 40 bits; the others have no SELECT1. */
const IGNORED_OF_SELECT1 = { dpv3: 0xffffff00, other: 0xffffffff };

/** The same gesture, some of its ignored bits set. */
export function withIgnoredBits(realm: Realm, gesture: Gesture): fc.Arbitrary<Gesture> {
  const { board, ap } = realm;
  const select1 = board === 'dpv3' ? IGNORED_OF_SELECT1.dpv3 : IGNORED_OF_SELECT1.other;
  return fc
    .record({
      bits: fc.constantFrom(0, 0, 0x100, 0x00abcd00, -1),
      writesSelect1: fc.constantFrom(false, false, false, true),
      clearsTargetSel: fc.boolean(),
    })
    .map(({ bits, writesSelect1, clearsTargetSel }) => [
      ...(writesSelect1 ? [select(ap | 5), control((bits & select1) >>> 0), select(ap)] : []),
      ...gesture.map((step): Step => {
        if (step.do === 'writeDp' && step.address === SELECT && board !== 'dpv3') {
          return { ...step, value: (step.value | (bits & IGNORED_OF_SELECT)) >>> 0 };
        }
        if (step.do === 'targetsel' && clearsTargetSel) return { ...step, value: (step.value & ~1) >>> 0 };
        return step;
      }),
    ]);
}
