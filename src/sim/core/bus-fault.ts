import { hex32 } from '../../base/hex.js';

/** Nothing answers at this address, or not to this kind of access. A core takes it as HardFault, a MEM-AP as FAULT. */
export class BusFault extends Error {
  constructor(readonly address: number) {
    super(`bus fault at 0x${hex32(address)}`);
  }
}
