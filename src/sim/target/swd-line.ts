// The SWD side of one DP, clock by clock: line reset, packet requests, data phases, lock-out (IHI 0031 B4).

import { Ack } from '../../dap/ack.js';
import { DP } from '../../dap/registers.js';
import { Request } from './access-faults.js';
import { parity32, type Bit } from './bits.js';
import { BAD_PARITY, type DebugPort } from './debug-port.js';

/** Ones in a row that make a line reset (IHI 0031 B4.3.3). */
export const LINE_RESET_CLOCKS = 50;
/** Zeros that must follow it before the first packet. */
const IDLE_CLOCKS_AFTER_RESET = 2;
const DATA_CLOCKS = 33; // 32 bits and parity

/**
 * locked: after a protocol error, or not selected: only a line reset helps. reset: the line is high. reset-idle: low
 * after a line reset. The others are the phases of a packet.
 */
type Phase = 'locked' | 'reset' | 'reset-idle' | 'idle' | 'header' | 'turn' | 'ack' | 'read' | 'write' | 'skip';

/**
 * `clock` is given the level the host drives, or 1 where nobody drives (the pull-up), and returns the level on the
 * line: the target's where it is the target's turn.
 */
export class SwdLine {
  #phase: Phase = 'locked';
  /** Clocks left in the phase, or bits collected. */
  #clocks = 0;
  #ones = 0;
  #bits = 0;
  #request = 0;
  #ack: number = Ack.Ok;
  #parity: Bit = 0;
  /** After a line reset, until the packet that has to come first. */
  #fresh = false;

  constructor(readonly dp: DebugPort) {}

  /** Power-up, or another protocol was selected meanwhile. */
  lock(): void {
    this.#phase = 'locked';
    this.#ones = 0;
  }

  /** A packet may start: `transfer` may be used instead of single clocks. */
  get ready(): boolean {
    return this.#phase === 'idle' || (this.#phase === 'reset-idle' && this.#clocks >= IDLE_CLOCKS_AFTER_RESET);
  }

  clock(level: Bit): Bit {
    const line = this.#step(level);
    // Counted on the line itself, whoever drives it.
    this.#ones = line === 1 ? this.#ones + 1 : 0;
    if (this.#ones >= LINE_RESET_CLOCKS && this.#phase !== 'reset') {
      this.#phase = 'reset';
      this.#fresh = true;
      this.dp.lineReset();
    }
    return line;
  }

  /** Data of the last `transfer` that read. */
  data = 0;

  /**
   * A whole packet at once, with the same effect as its clocks one by one; allowed when `ready`.
   *
   * @param request    APnDP, RnW, A[3:2]
   * @param dataPhase  the host makes a data phase after WAIT and FAULT too (for ORUNDETECT)
   * @returns          ACK; `Ack.Ok | BAD_PARITY` if the data read came with bad parity
   */
  transfer(request: number, value: number, turnaround: number, dataPhase: boolean): number {
    this.#ones = 0;
    if (!this.#admit(request)) return Ack.None;
    const ack = this.dp.acknowledge(request);
    // Of different minds about the length of the packet, host and target lose each other.
    const agree = turnaround === this.dp.turnaround && ((ack & 7) === Ack.Ok || dataPhase === this.dp.overrunDetect);
    if (ack === Ack.None || !agree) {
      this.#phase = 'locked';
      return ack === Ack.None ? ack : agree ? ack : Ack.None;
    }
    this.#phase = 'idle';
    if ((ack & 7) !== Ack.Ok) return ack;
    if (request & Request.READ) this.data = this.dp.readSwd(request);
    else if (ack & BAD_PARITY) this.dp.writeCorrupted();
    else this.dp.write(request, value);
    return request & Request.READ ? ack : Ack.Ok;
  }

  #step(level: Bit): Bit {
    switch (this.#phase) {
      case 'locked':
        return level;
      case 'reset':
        if (level === 0) this.#enter('reset-idle', 1);
        return level;
      case 'reset-idle':
        if (level === 0) this.#clocks++;
        else if (this.ready) this.#startPacket();
        else this.#phase = 'locked';
        return level;
      case 'idle':
        if (level === 1) this.#startPacket();
        return level;
      case 'header':
        this.#bits |= level << this.#clocks;
        if (++this.#clocks === 8) this.#endHeader();
        return level;
      case 'turn':
        if (--this.#clocks === 0) this.#endTurn();
        return level;
      case 'ack': {
        const bit = (this.#ack >>> this.#clocks) & 1 ? 1 : 0;
        if (++this.#clocks === 3) this.#endAck();
        return bit;
      }
      case 'read': {
        const bit = this.#clocks === 32 ? this.#parity : (this.data >>> this.#clocks) & 1 ? 1 : 0;
        if (++this.#clocks === DATA_CLOCKS) this.#turn('idle');
        return bit;
      }
      case 'write':
        if (this.#clocks < 32) this.#bits |= level << this.#clocks;
        else this.#parity = level;
        if (++this.#clocks === DATA_CLOCKS) this.#endWrite();
        return level;
      case 'skip':
        if (--this.#clocks === 0) this.#phase = 'idle';
        return level;
    }
  }

  #afterTurn: 'ack' | 'write' | 'skip' | 'idle' = 'idle';

  #turn(next: 'ack' | 'write' | 'skip' | 'idle'): void {
    this.#afterTurn = next;
    this.#enter('turn', this.dp.turnaround);
  }

  #endTurn(): void {
    this.#bits = 0;
    this.#enter(this.#afterTurn, this.#afterTurn === 'skip' ? DATA_CLOCKS : 0);
  }

  #enter(phase: Phase, clocks: number): void {
    this.#phase = phase;
    this.#clocks = clocks;
  }

  #startPacket(): void {
    this.#bits = 1;
    this.#enter('header', 1);
  }

  /** Start, APnDP, RnW, A2, A3, parity, stop, park (IHI 0031 B4.1.1). */
  #endHeader(): void {
    const request = (this.#bits >>> 1) & 0xf;
    const wellFormed = this.#bits >>> 6 === 0b10 && ((this.#bits >>> 5) & 1) === parity32(request);
    this.#request = request;
    if (wellFormed && this.#fresh && request === DP.TARGETSEL && this.dp.targetSel !== undefined) {
      // Nobody answers: the clocks of the ACK pass with the line undriven.
      this.#ack = Ack.None;
      this.#turn('ack');
      return;
    }
    if (!wellFormed || !this.#admit(request)) {
      this.#phase = 'locked';
      return;
    }
    this.#ack = this.dp.acknowledge(request);
    if (this.#ack === Ack.None) this.#phase = 'locked';
    else this.#turn('ack');
  }

  #endAck(): void {
    const read = (this.#request & Request.READ) !== 0;
    if (this.#request === DP.TARGETSEL && this.#fresh) this.#turn('write');
    else if ((this.#ack & 7) !== Ack.Ok) {
      if (!this.dp.overrunDetect) this.#turn('idle');
      else if (read) {
        this.data = 0;
        this.#parity = 0;
        this.#enter('read', 0);
      } else this.#turn('skip');
    } else if (read) {
      this.data = this.dp.readSwd(this.#request);
      this.#parity = this.#ack & BAD_PARITY ? flip(parity32(this.data)) : parity32(this.data);
      this.#enter('read', 0);
    } else this.#turn('write');
  }

  #endWrite(): void {
    const value = this.#bits >>> 0;
    const good = this.#parity === parity32(value) && !(this.#ack & BAD_PARITY);
    this.#phase = 'idle';
    if (this.#request === DP.TARGETSEL && this.#fresh) {
      this.#fresh = false;
      if (!good || (value | 1) >>> 0 !== this.dp.targetSel) this.#phase = 'locked'; // another one was meant
    } else if (good) this.dp.write(this.#request, value);
    else this.dp.writeCorrupted();
  }

  /** After a line reset nothing but a read of DPIDR, or TARGETSEL, may come first (IHI 0031 B4.3.4). */
  #admit(request: number): boolean {
    if (!this.#fresh) return true;
    if (request !== (Request.READ | DP.DPIDR)) {
      this.#phase = 'locked';
      return false;
    }
    this.#fresh = false;
    return true;
  }
}

function flip(bit: Bit): Bit {
  return bit === 1 ? 0 : 1;
}
