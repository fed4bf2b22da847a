// What a client of the checker can do, as plain values: they can be printed, shrunk and played on any number of targets.

import type { WireProtocol } from '../../../src/dap/wire-protocol.js';
import type { ProbeRequestName } from '../../../src/protocol/request-names.js';

export type Step =
  /** Bits on SWDIO/TMS, bit 0 first. */
  | { readonly do: 'swj'; readonly clocks: number; readonly bits: bigint }
  | { readonly do: 'targetsel'; readonly value: number; readonly by: 'sequence' | 'write' }
  | RawSequence
  | { readonly do: 'readDp'; readonly address: number }
  | { readonly do: 'writeDp'; readonly address: number; readonly value: number }
  | { readonly do: 'readAp'; readonly address: number; readonly count: number }
  | { readonly do: 'writeAp'; readonly address: number; readonly values: readonly number[] }
  | { readonly do: 'readMemory'; readonly address: number; readonly sizeBits: 8 | 16 | 32; readonly count: number }
  | { readonly do: 'writeMemory'; readonly address: number; readonly sizeBits: 8 | 16 | 32; readonly value: number }
  | { readonly do: 'disturbed'; readonly how: Disturbance; readonly then: Step }
  | { readonly do: 'lock' | 'unlock' | 'connect' | 'flush' }
  | { readonly do: 'clock'; readonly frequencyHz: number }
  | { readonly do: 'pulseReset' | 'readReset' }
  | { readonly do: 'property'; readonly name: 'wire_protocol' | 'vendor_name' }
  | { readonly do: 'setReset'; readonly asserted: boolean }
  | { readonly do: 'swo'; readonly what: 'start' | 'stop' | 'read' }
  /** The target sends bytes on its SWO pin. */
  | { readonly do: 'trace'; readonly bytes: readonly number[] }
  /** Any request as it comes; of a client that has opened nothing yet, too. */
  | { readonly do: 'ask'; readonly request: ProbeRequestName; readonly args: readonly unknown[] }
  /** The client gives all back; and comes again, the next thing it does. */
  | { readonly do: 'leave' | 'return'; readonly by: 'close' | 'disconnect' }
  /** The client is gone, and another one comes in its place. @param during  a request it did not wait for */
  | { readonly do: 'die'; readonly during?: Step };

/** Bits of the client's own making, by `swd_sequence` or by several of `jtag_sequence`; others come before or behind. */
export type RawSequence = { readonly do: 'raw'; readonly isGranted: boolean } & (
  | { readonly over: 'SWD'; readonly pieces: readonly (number | readonly [clocks: number, bits: bigint])[] }
  | {
      readonly over: 'JTAG';
      readonly runs: readonly { readonly tms: 0 | 1; readonly clocks: number; readonly reads: boolean }[];
    }
);

/** What goes wrong on the wire, with the first access that it concerns. */
export type Disturbance =
  | 'wait'
  | 'wait at the DP'
  | 'long wait'
  | 'long wait at DRW'
  | 'long wait at RDBUFF'
  | 'fault'
  | 'parity'
  | 'no-ack'
  /** In the middle of a block of DRW, or at its last word. */
  | 'fault amid'
  | 'parity amid'
  | 'no-ack amid'
  | 'power-lost';

/** Several steps that belong together; those of other clients come in between. */
export type Gesture = readonly Step[];

/** What all clients of a run share. */
export interface World {
  readonly board: 'plain' | 'second-ap' | 'multidrop' | 'dpv3';
  readonly protocol: WireProtocol;
  /** Writes are posted, and a long read has several packets in the probe at once. */
  readonly isFast: boolean;
  /** Clients use memory handles, too. */
  readonly handles: boolean;
  /** Each client on an AP or core of its own; all on one; or all on all, each on one after the other by its own choice. */
  readonly apart: boolean | 'roaming';
  /**
   * Clients reset the target, and it loses its power. Of a core nothing can be expected then, so they leave it alone;
   * what they have in the DP and the APs is as if nobody else had been there.
   */
  readonly resets?: 'core' | 'core and APs';
  /** Who is behind a pipelining helper: nobody, every other client, or everybody. */
  readonly helped: 'none' | 'some' | 'all';
}

/** An AP of a debug port. */
export interface Place {
  /** Value of SELECT that the AP begins at. */
  readonly ap: number;
  /** AP version and address for a memory handle. */
  readonly nominal: readonly [version: 1 | 2, address: number];
  /** For the multidrop board. */
  readonly targetSel?: number;
}

/** The part of a target that is one client's own. */
export interface Realm extends World, Place {
  /** Where a client that roams goes, itself included. */
  readonly places: readonly Place[];
  /** 4 KB that no other client touches. */
  readonly ram: number;
  /** Two core registers that no other client touches. */
  readonly registers: readonly [number, number];
}

export function realmOf(world: World, client: number): Realm {
  const { board, apart } = world;
  const second = apart === true && client % 2 === 1;
  const places = [placeOf(board, second), ...(apart === 'roaming' ? [placeOf(board, !second)] : [])];
  return {
    ...world,
    ...places[0],
    places,
    ram: 0x20000000 + client * 0x4000,
    registers: [2 * client, 2 * client + 1],
  };
}

function placeOf(board: World['board'], second: boolean): Place {
  if (board === 'dpv3') return { ap: 0x2d00, nominal: [2, 0x2000] };
  if (board === 'multidrop') return { ap: 0, nominal: [1, 0], targetSel: second ? 0x11002927 : 0x01002927 };
  return board === 'second-ap' && second ? { ap: 0x01000000, nominal: [1, 1] } : { ap: 0, nominal: [1, 0] };
}

/** Whether a client is behind a pipelining helper. */
export function isHelped({ helped }: World, client: number): boolean {
  return helped === 'all' || (helped === 'some' && client % 2 === 0);
}

export function stepText(step: Step): string {
  return JSON.stringify(step, (_key, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
  );
}
