import { RAM_BASE } from '../../../src/sim/board/memory-map.js';
import type { SimBoard } from '../../../src/sim/board/sim-board.js';

export interface SpoiltWord {
  /** Of `SimBoard.memories`. */
  readonly memory: number;
  readonly address: number;
  readonly value: number;
}

/** What JTAG scans that break off have written to the RAM of a board: the words that these accesses change, no others. */
export class SpoiltMemory {
  #words: SpoiltWord[] = [];

  constructor(board: SimBoard) {
    board.onBrokenScan = (access) => {
      const before = board.memories.map(({ ram }) => wordsOf(ram.slice()));
      access();
      for (const [memory, { ram }] of board.memories.entries()) {
        wordsOf(ram).forEach((value, i) => {
          if (value !== before[memory][i]) this.#words.push({ memory, address: RAM_BASE + 4 * i, value });
        });
      }
    };
  }

  /** Those since this was last asked. */
  take(): readonly SpoiltWord[] {
    return this.#words.splice(0);
  }
}

/** Writes the same to another board. */
export function spoil({ memories }: SimBoard, words: readonly SpoiltWord[]): void {
  for (const { memory, address, value } of words) memories[memory].write(address, 4, value);
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}
