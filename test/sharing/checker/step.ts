// What a client of the checker can do, as plain values: they can be printed, shrunk and played on any number of targets.

import type { WireProtocol } from '../../../src/dap/wire-protocol.js';

export type Step =
  /** Bits on SWDIO/TMS, bit 0 first. */
  | { readonly do: 'swj'; readonly clocks: number; readonly bits: bigint }
  | { readonly do: 'targetsel'; readonly value: number; readonly by: 'sequence' | 'write' }
  | { readonly do: 'readDp'; readonly address: number }
  | { readonly do: 'writeDp'; readonly address: number; readonly value: number }
  | { readonly do: 'readAp'; readonly address: number; readonly count: number }
  | { readonly do: 'writeAp'; readonly address: number; readonly values: readonly number[] }
  | { readonly do: 'readMemory'; readonly address: number; readonly sizeBits: 8 | 16 | 32; readonly count: number }
  | { readonly do: 'writeMemory'; readonly address: number; readonly sizeBits: 8 | 16 | 32; readonly value: number }
  /** Something goes wrong on the wire with the first AP access. */
  | { readonly do: 'disturbed'; readonly how: 'wait' | 'long wait' | 'no-ack'; readonly then: Step }
  | { readonly do: 'lock' | 'connect' }
  | { readonly do: 'clock'; readonly frequencyHz: number }
  /** The client is gone, and another one comes in its place. */
  | { readonly do: 'die' };

/** Several steps that belong together; those of other clients come in between. */
export type Gesture = readonly Step[];

/** The part of a target that is one client's own. */
export interface Realm {
  readonly board: 'plain' | 'second-ap' | 'multidrop' | 'dpv3';
  readonly protocol: WireProtocol;
  readonly postedWrites: boolean;
  /** Value of SELECT that the client's AP begins at. */
  readonly ap: number;
  /** AP version and address for a memory handle. */
  readonly nominal: readonly [version: 1 | 2, address: number];
  /** For the multidrop board. */
  readonly targetSel?: number;
  /** 4 KB that no other client touches. */
  readonly ram: number;
  /** Two core registers that no other client touches. */
  readonly registers: readonly [number, number];
}

/** How the clients share the target: all on one AP, or each on the AP or core of its own. */
export function realmOf(
  target: Pick<Realm, 'board' | 'protocol' | 'postedWrites'>,
  client: number,
  apart: boolean,
): Realm {
  const { board } = target;
  const second = apart && client % 2 === 1;
  return {
    ...target,
    ap: board === 'dpv3' ? 0x2d00 : board === 'second-ap' && second ? 0x01000000 : 0,
    nominal: board === 'dpv3' ? [2, 0x2000] : [1, board === 'second-ap' && second ? 1 : 0],
    ...(board === 'multidrop' && { targetSel: second ? 0x11002927 : 0x01002927 }),
    ram: 0x20000000 + client * 0x4000,
    registers: [2 * client, 2 * client + 1],
  };
}
