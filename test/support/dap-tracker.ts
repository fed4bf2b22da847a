import { CSW, DP, MEM_AP } from '../../src/dap/registers.js';

/** One request of the probe protocol, parsed. */
export interface Request {
  readonly request: string;
  readonly arguments?: readonly unknown[];
}

/** The memory a request reads or writes: byte addresses, one per word of the request, and the words written. */
export interface MemoryAccess {
  readonly kind: 'read' | 'write';
  readonly addresses: readonly number[];
  readonly words: readonly number[];
}

/** Follows SELECT, CSW and TAR through a conversation, to tell which memory a request touches. */
export class DapTracker {
  #select = 0;
  #csw: number | undefined;
  #tar = 0;

  /** Whether the conversation has written CSW: before, it holds what an earlier one left in it. */
  get knowsCsw(): boolean {
    return this.#csw !== undefined;
  }

  /** Whether a request reads CSW. */
  readsCsw({ request, arguments: [address] = [] }: Request): boolean {
    return request === 'read_ap' && ((this.#select & 0xf0) | (Number(address) & 0xc)) === MEM_AP.CSW;
  }

  writesTar({ request, arguments: [address] = [] }: Request): boolean {
    return request === 'write_ap' && ((this.#select & 0xf0) | (Number(address) & 0xc)) === MEM_AP.TAR;
  }

  /** Whether a request reads the memory word at `address`, and no other. */
  reads(address: number, { request, arguments: [register] = [] }: Request): boolean {
    const isDrw = ((this.#select & 0xf0) | (Number(register) & 0xc)) === MEM_AP.DRW;
    return request === 'read_ap' && isDrw && this.#tar === address;
  }

  /** Takes note of a request that succeeded. @returns the memory it touched, if it did */
  note({ request, arguments: args = [] }: Request): MemoryAccess | undefined {
    const [address, value] = args;
    if (request === 'write_dp' && address === DP.SELECT) this.#select = Number(value);
    const register = (this.#select & 0xf0) | (Number(address) & 0xc);
    switch (request) {
      case 'write_ap':
        if (register === MEM_AP.CSW) this.#csw = Number(value);
        if (register === MEM_AP.TAR) this.#tar = Number(value);
        return this.#access('write', register, [Number(value)], 1);
      case 'write_ap_multiple':
        return this.#access('write', register, (value as number[]).map(Number), (value as number[]).length);
      case 'read_ap':
        return this.#access('read', register, [], 1);
      case 'read_ap_multiple':
        return this.#access('read', register, [], Number(value));
      default:
        return undefined;
    }
  }

  #access(kind: MemoryAccess['kind'], register: number, words: number[], count: number): MemoryAccess | undefined {
    if (register !== MEM_AP.DRW) return undefined;
    const csw = this.#csw ?? 0;
    const size = 1 << (csw & CSW.SIZE_MASK);
    const increment = csw & CSW.ADDRINC_SINGLE ? size : 0;
    const addresses = Array.from({ length: count }, (_, i) => this.#tar + i * increment);
    this.#tar += count * increment;
    return { kind, addresses, words };
  }
}
