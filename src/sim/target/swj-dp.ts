// The front of a DP: which protocol it listens to, and the sequences that change that (IHI 0031 B5.2 and B5.3).

import type { Bit } from './bits.js';
import type { DebugPort } from './debug-port.js';
import { JtagTap } from './jtag-tap.js';
import { LINE_RESET_CLOCKS, SwdLine } from './swd-line.js';

export interface SwjDpOptions {
  readonly dp: DebugPort;
  /** What it listens to after power-up. */
  readonly powerUp: 'jtag' | 'swd' | 'dormant';
  /** IDCODE of the TAP; undefined: an SW-DP, without JTAG. */
  readonly idcode?: number;
}

// All sequences least significant bit first.
const JTAG_TO_SWD = 0xe79e;
const SWD_TO_JTAG = 0xe73c;
const SWD_TO_DORMANT = 0xe3bc;
const JTAG_TO_DORMANT = 0x33bbbbba;
const JTAG_TO_DORMANT_BITS = 31;
/** Bits 31:0 first: 0x19BC0EA2_E3DDAFE9_86852D95_6209F392 (B5.3.4). */
const SELECTION_ALERT = [0x6209f392, 0x86852d95, 0xe3ddafe9, 0x19bc0ea2];
/** Four zeros and the activation code (B5.3.4, table "Activation codes"). */
const ACTIVATION_BITS = 12;
const ACTIVATE_SWD = 0x1a << 4;
const ACTIVATE_JTAG = 0x0a << 4;
/** TMS high for so long brings a TAP to Test-Logic-Reset from anywhere. */
const TAP_RESET_CLOCKS = 5;

export class SwjDp {
  readonly dp: DebugPort;
  readonly swd: SwdLine;
  readonly tap: JtagTap | undefined;
  readonly #powerUp: 'jtag' | 'swd' | 'dormant';
  #selected: 'jtag' | 'swd' | 'dormant';

  #ones = 0;
  /** Bits since the last run of ones that may begin a switch sequence; -1: there was none. */
  #since = -1;
  #code = 0;
  /** How many ones there were before. */
  #lead = 0;
  /** The last 128 bits, oldest in bit 0 of the first word: in dormant state only. */
  readonly #window = new Uint32Array(4);
  /** Bits of the activation code so far; -1: the alert has not come. */
  #activation = -1;

  constructor({ dp, powerUp, idcode }: SwjDpOptions) {
    this.dp = dp;
    this.swd = new SwdLine(dp);
    this.tap = idcode === undefined ? undefined : new JtagTap(dp, idcode);
    this.#powerUp = this.#selected = powerUp;
  }

  /** Power-up reset: the registers, and what it listens to. */
  reset(): void {
    this.dp.reset();
    this.tap?.powerUp();
    this.#select(this.#powerUp);
  }

  get selected(): 'jtag' | 'swd' | 'dormant' {
    return this.#selected;
  }

  /**
   * One clock.
   *
   * @param level  SWDIO/TMS as the host drives it, 1 where it does not
   * @param tdi    for the TAP
   * @returns      SWDIO in SWD, else 1
   */
  clock(level: Bit, tdi: Bit): Bit {
    switch (this.#selected) {
      case 'swd': {
        const line = this.swd.clock(level);
        this.#watch(line);
        return line;
      }
      case 'jtag':
        this.tdo = this.tap?.clock(level, tdi) ?? 1;
        this.#watch(level);
        return 1;
      case 'dormant':
        this.#watchDormant(level);
        return 1;
    }
  }

  /** TDO of the last clock. */
  tdo: Bit = 1;

  /** Follows the line for the sequences that leave SWD or JTAG: a run of ones, and a code behind it. */
  #watch(level: Bit): void {
    if (level === 1) this.#ones++;
    else {
      if (this.#ones >= TAP_RESET_CLOCKS && (this.#since < 0 || this.#ones >= LINE_RESET_CLOCKS)) {
        this.#since = this.#code = 0;
        this.#lead = this.#ones;
      }
      this.#ones = 0;
    }
    if (this.#since < 0) return;
    this.#code |= level << this.#since;
    this.#since++;
    this.#compare();
  }

  #compare(): void {
    const code = this.#code >>> 0;
    if (this.#since === 16 && this.#lead >= LINE_RESET_CLOCKS) {
      if (this.#selected === 'jtag' && code === JTAG_TO_SWD) this.#select('swd');
      else if (this.#selected === 'swd' && code === SWD_TO_DORMANT) this.#select('dormant');
      else if (this.#selected === 'swd' && code === SWD_TO_JTAG && this.tap) this.#select('jtag');
    } else if (this.#since === JTAG_TO_DORMANT_BITS) {
      if (this.#selected === 'jtag' && code === JTAG_TO_DORMANT) this.#select('dormant');
      this.#since = -1;
    }
  }

  #watchDormant(level: Bit): void {
    if (this.#activation >= 0) {
      this.#code |= level << this.#activation;
      if (++this.#activation < ACTIVATION_BITS) return;
      if (this.#code === ACTIVATE_SWD) this.#select('swd');
      else if (this.#code === ACTIVATE_JTAG && this.tap) this.#select('jtag');
      else this.#select('dormant'); // meant for another debug port
      return;
    }
    const window = this.#window;
    for (let i = 0; i < 4; i++) window[i] = (window[i] >>> 1) | ((i < 3 ? window[i + 1] & 1 : level) << 31);
    if (SELECTION_ALERT.every((word, i) => word === window[i])) this.#activation = this.#code = 0;
  }

  #select(protocol: 'jtag' | 'swd' | 'dormant'): void {
    this.#selected = protocol;
    this.#since = this.#activation = -1;
    this.#ones = this.#code = 0;
    this.#window.fill(0);
    this.tdo = 1;
    if (protocol === 'swd') this.swd.lock();
    else if (protocol === 'jtag') this.tap?.reset();
  }
}
