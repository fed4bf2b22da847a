// Memory through a MEM-AP, for the memory handles of the protocol.

import { RequestError } from '../base/errors.js';
import { TransferError } from '../dap/errors.js';
import { type ApAddress, CSW, isMemApIdr, MEM_AP, TAR_PAGE_BYTES } from '../dap/registers.js';
import type { MemoryPort } from './memory-port.js';
import type { ApTurn, VirtualDap } from './virtual-dap.js';

type AccessSize = 8 | 16 | 32;

/** What an AP of ADIv6 takes of the addresses. */
const AP_BYTES = 0x1000;

/**
 * Where the MEM-AP registers of an AP begin.
 * @param apVersion  1 (ADIv5): `nominalAddress` is APSEL. 2 (ADIv6): it is the base address, and the registers that
 *                   ADIv5 has at 0x00 are at 0xD00 (IHI 0074 C2.5)
 */
export function memApRegisters(apVersion: 1 | 2, nominalAddress: number): ApAddress {
  return apVersion === 1 ? (nominalAddress << 24) >>> 0 : nominalAddress - (nominalAddress % AP_BYTES) + 0xd00;
}

/** Whether there is a MEM-AP; an access that the target refuses means there is none. */
export function hasMemAp(dap: VirtualDap, registers: ApAddress, signal: AbortSignal): Promise<boolean> {
  return dap.useAp(registers, undefined, signal, async (ap) => {
    try {
      const [idr] = await ap.read(MEM_AP.IDR, 1);
      return isMemApIdr(idr);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      await ap.clearSticky();
      return false;
    }
  });
}

/**
 * Every call is one turn on the probe. To the client's own use of the same AP it is like another client: CSW and TAR
 * are put back when the client comes to them through its registers, and not before.
 */
export class MemApMemory implements MemoryPort {
  constructor(
    private readonly dap: VirtualDap,
    private readonly registers: ApAddress,
  ) {}

  async read(address: number, sizeBits: AccessSize, signal: AbortSignal): Promise<number> {
    return this.#access(address, sizeBits, signal, async (ap) => {
      await setTar(ap, address);
      const [lanes] = await ap.read(MEM_AP.DRW, 1);
      return fromLanes(lanes, address, sizeBits);
    });
  }

  async write(address: number, value: number, sizeBits: AccessSize, signal: AbortSignal): Promise<void> {
    await this.#access(address, sizeBits, signal, async (ap) => {
      await setTar(ap, address);
      await ap.write(MEM_AP.DRW, Uint32Array.of(toLanes(value, address)));
    });
  }

  async readWords(address: number, count: number, signal: AbortSignal): Promise<Uint32Array> {
    const words = new Uint32Array(count);
    await this.#access(address, 32, signal, async (ap) => {
      for (const { start, end } of pages(address, count, 4)) {
        await setTar(ap, address + start * 4);
        words.set(await ap.read(MEM_AP.DRW, end - start), start);
      }
    });
    return words;
  }

  async writeWords(address: number, words: Uint32Array, signal: AbortSignal): Promise<void> {
    await this.#access(address, 32, signal, async (ap) => {
      for (const { start, end } of pages(address, words.length, 4)) {
        await setTar(ap, address + start * 4);
        await ap.write(MEM_AP.DRW, words.subarray(start, end));
      }
    });
  }

  async readBytes(address: number, count: number, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    await this.#access(address, 8, signal, async (ap) => {
      for (const { start, end } of pages(address, count, 1)) {
        await setTar(ap, address + start);
        const lanes = await ap.read(MEM_AP.DRW, end - start);
        for (let i = start; i < end; i++) bytes[i] = fromLanes(lanes[i - start], address + i, 8);
      }
    });
    return bytes;
  }

  async writeBytes(address: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#access(address, 8, signal, async (ap) => {
      for (const { start, end } of pages(address, bytes.length, 1)) {
        await setTar(ap, address + start);
        const lanes = Uint32Array.from(bytes.subarray(start, end), (byte, i) => toLanes(byte, address + start + i));
        await ap.write(MEM_AP.DRW, lanes);
      }
    });
  }

  async #access<T>(
    address: number,
    sizeBits: AccessSize,
    signal: AbortSignal,
    body: (ap: ApTurn) => Promise<T>,
  ): Promise<T> {
    if (address % (sizeBits / 8) !== 0) {
      throw new RequestError(
        `address 0x${address.toString(16)} must be a multiple of ${sizeBits / 8} for ${sizeBits}-bit access`,
      );
    }
    return this.dap.useAp(this.registers, this, signal, async (ap) => {
      try {
        await this.#setSize(ap, sizeBits);
        const result = await body(ap);
        await ap.flush();
        return result;
      } catch (error) {
        // What fails here fails for the reason the caller is about to hear.
        if (error instanceof TransferError) await ap.clearSticky().catch(() => undefined);
        throw error;
      }
    });
  }

  /** The attributes (HPROT, security) stay as the client, or reset, left them: the protocol does not carry them. */
  async #setSize(ap: ApTurn, sizeBits: AccessSize): Promise<void> {
    const csw = ap.client?.csw ?? ap.own.csw ?? (await ap.read(MEM_AP.CSW, 1))[0];
    const attributes = csw & ~(CSW.SIZE_MASK | CSW.ADDRINC_MASK);
    const wanted = (attributes | cswSize[sizeBits] | CSW.ADDRINC_SINGLE) >>> 0;
    if (ap.own.csw !== wanted) await ap.write(MEM_AP.CSW, Uint32Array.of(wanted));
  }
}

async function setTar(ap: ApTurn, address: number): Promise<void> {
  await ap.write(MEM_AP.TAR, Uint32Array.of(address));
}

const cswSize = { 8: CSW.SIZE_BYTE, 16: CSW.SIZE_HALF, 32: CSW.SIZE_WORD } as const;

/** Data of a narrow access sits in the byte lanes of its address (IHI 0031 C2.2.6). */
function fromLanes(lanes: number, address: number, sizeBits: AccessSize): number {
  return sizeBits === 32 ? lanes : (lanes >>> (8 * (address & 3))) & ((1 << sizeBits) - 1);
}

function toLanes(value: number, address: number): number {
  return (value << (8 * (address & 3))) >>> 0;
}

/** Cuts `count` elements at `address` where TAR may wrap; `start` and `end` are element indices. */
function* pages(address: number, count: number, sizeBytes: number): Generator<{ start: number; end: number }> {
  for (let start = 0; start < count;) {
    const room = (TAR_PAGE_BYTES - ((address + start * sizeBytes) % TAR_PAGE_BYTES)) / sizeBytes;
    const end = Math.min(count, start + room);
    yield { start, end };
    start = end;
  }
}
