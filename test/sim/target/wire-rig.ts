import { SimBoard, type SimBoardOptions } from '../../../src/sim/board/sim-board.js';
import { parity32 } from '../../../src/sim/target/bits.js';
import { FakeClock } from '../../support/fake-clock.js';

const timing = { turnaround: 1, dataPhase: false };

/** A board and bare hands on its debug connector. */
export class WireRig {
  readonly board: SimBoard;

  constructor(options: SimBoardOptions = {}) {
    this.board = new SimBoard(new FakeClock(), options);
  }

  /** Bits on SWDIO/TMS, least significant first. */
  out(bits: bigint | number, count: number): void {
    for (let i = 0n; i < count; i++) this.board.connector.clockOut((BigInt(bits) >> i) & 1n ? 1 : 0);
  }

  /** Clocks with SWDIO released. */
  in(count: number): number {
    let bits = 0;
    for (let i = 0; i < count; i++) bits |= this.board.connector.clockIn() << i;
    return bits >>> 0;
  }

  lineReset(idle = 2): void {
    this.out((1n << 50n) - 1n, 50);
    this.out(0, idle);
  }

  /** IHI 0031 B5.2.2: 50 ones, 0xE79E, line reset. */
  selectSwd(): void {
    this.out((1n << 50n) - 1n, 50);
    this.out(0xe79e, 16);
    this.lineReset();
  }

  /** IHI 0031 B5.3.4: 8 ones, selection alert, 4 zeros, activation code. */
  wake(activationCode: number): void {
    this.out(0xff, 8);
    this.out(0x19bc0ea2e3ddafe986852d956209f392n, 128);
    this.out(0, 4);
    this.out(activationCode, 8);
  }

  /** TARGETSEL as a probe has to send it: request 0x99, 5 clocks undriven, word and parity. @returns the 5 bits seen */
  targetSel(value: number, parity = parity32(value)): number {
    this.out(0x99, 8);
    const seen = this.in(5);
    this.out(value, 32);
    this.out(parity, 1);
    return seen;
  }

  /** One packet, clock by clock. @returns ACK and, for a read that is OK, its data */
  packet(request: number, value = 0): { ack: number; data?: number; parity?: number } {
    this.out(0x81 | (request << 1) | (parity32(request) << 5), 8);
    this.in(1);
    const ack = this.in(3);
    if (ack !== 1) {
      this.in(1);
      return { ack };
    }
    if (request & 2) {
      const data = this.in(32);
      const parity = this.in(1);
      this.in(1);
      return { ack, data, parity };
    }
    this.in(1);
    this.out(value, 32);
    this.out(parity32(value), 1);
    return { ack };
  }

  /** One packet by the short cut. */
  transfer(request: number, value = 0): { ack: number; data?: number } {
    const ack = this.board.connector.transferSwd(request, value, timing);
    return ack === 1 && request & 2 ? { ack, data: this.board.connector.data } : { ack };
  }
}
