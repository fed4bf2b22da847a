// Memory through a MEM-AP, for the memory handles of the protocol.

import { RequestError } from '../base/errors.js';
import { ABORT, type ApAddress, CSW, CTRL_STAT, DP, MEM_AP } from '../dap/registers.js';
import { TransferError, TransferFaultError } from '../dap/errors.js';
import type { WireProtocol } from '../dap/wire-protocol.js';
import type { DapPort } from '../probe/probe.js';
import type { MemoryPort } from './memory-port.js';
import type { UseProbe } from './virtual-dap.js';

/** TAR need not increment past a 1 KB boundary (IHI 0031 C2.2.2). */
const TAR_PAGE = 1024;
/** CTRL/STAT on JTAG: the sticky flags are cleared by writing ones to them, with both power requests kept. */
const JTAG_CLEAR_STICKY = 0x50000f32;
const CLEAR_STICKY = ABORT.STKCMPCLR | ABORT.STKERRCLR | ABORT.WDERRCLR | ABORT.ORUNERRCLR;
/** IDR.CLASS, bits 16:13: 0b1000 is a MEM-AP (IHI 0031 C1.2). */
const isMemAp = (idr: number): boolean => ((idr >>> 13) & 0xf) === 8;

type AccessSize = 8 | 16 | 32;

/**
 * Where the MEM-AP registers of an AP begin.
 * @param apVersion  1 (ADIv5): `nominalAddress` is APSEL. 2 (ADIv6): it is the base address, and the registers that
 *                   ADIv5 has at 0x00 are at 0xD00 (IHI 0074 C2.5)
 */
export function memApRegisters(apVersion: 1 | 2, nominalAddress: number): ApAddress {
  return apVersion === 1 ? (nominalAddress << 24) >>> 0 : nominalAddress + 0xd00;
}

/** Whether there is a MEM-AP; an access that the target refuses means there is none. */
export async function hasMemAp(
  registers: ApAddress,
  use: UseProbe,
  protocol: () => WireProtocol | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  return use(signal, async ({ dap }) => {
    try {
      const [idr] = await dap.readAp(registers + MEM_AP.IDR, 1, signal);
      return isMemAp(idr);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      await clearSticky(dap, protocol(), signal);
      return false;
    }
  });
}

/**
 * Every call is one turn on the probe, and leaves CSW and TAR as it found them: the client of a memory handle uses the
 * same AP through its registers as well, and remembers what it wrote there.
 */
export class MemApMemory implements MemoryPort {
  constructor(
    private readonly registers: ApAddress,
    private readonly use: UseProbe,
    private readonly protocol: () => WireProtocol | undefined,
  ) {}

  async read(address: number, sizeBits: AccessSize, signal: AbortSignal): Promise<number> {
    return this.#access(address, sizeBits, signal, async (dap) => {
      await this.#setTar(dap, address, signal);
      const [lanes] = await dap.readAp(this.registers + MEM_AP.DRW, 1, signal);
      return fromLanes(lanes, address, sizeBits);
    });
  }

  async write(address: number, value: number, sizeBits: AccessSize, signal: AbortSignal): Promise<void> {
    await this.#access(address, sizeBits, signal, async (dap) => {
      await this.#setTar(dap, address, signal);
      await dap.writeAp(this.registers + MEM_AP.DRW, Uint32Array.of(toLanes(value, address)), signal);
    });
  }

  async readWords(address: number, count: number, signal: AbortSignal): Promise<Uint32Array> {
    const words = new Uint32Array(count);
    await this.#access(address, 32, signal, async (dap) => {
      for (const { start, end } of pages(address, count, 4)) {
        await this.#setTar(dap, address + start * 4, signal);
        words.set(await dap.readAp(this.registers + MEM_AP.DRW, end - start, signal), start);
      }
    });
    return words;
  }

  async writeWords(address: number, words: Uint32Array, signal: AbortSignal): Promise<void> {
    await this.#access(address, 32, signal, async (dap) => {
      for (const { start, end } of pages(address, words.length, 4)) {
        await this.#setTar(dap, address + start * 4, signal);
        await dap.writeAp(this.registers + MEM_AP.DRW, words.subarray(start, end), signal);
      }
    });
  }

  async readBytes(address: number, count: number, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    await this.#access(address, 8, signal, async (dap) => {
      for (const { start, end } of pages(address, count, 1)) {
        await this.#setTar(dap, address + start, signal);
        const lanes = await dap.readAp(this.registers + MEM_AP.DRW, end - start, signal);
        for (let i = start; i < end; i++) bytes[i] = fromLanes(lanes[i - start], address + i, 8);
      }
    });
    return bytes;
  }

  async writeBytes(address: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#access(address, 8, signal, async (dap) => {
      for (const { start, end } of pages(address, bytes.length, 1)) {
        await this.#setTar(dap, address + start, signal);
        const lanes = Uint32Array.from(bytes.subarray(start, end), (byte, i) => toLanes(byte, address + start + i));
        await dap.writeAp(this.registers + MEM_AP.DRW, lanes, signal);
      }
    });
  }

  async #setTar(dap: DapPort, address: number, signal: AbortSignal): Promise<void> {
    await dap.writeAp(this.registers + MEM_AP.TAR, Uint32Array.of(address), signal);
  }

  async #access<T>(
    address: number,
    sizeBits: AccessSize,
    signal: AbortSignal,
    body: (dap: DapPort) => Promise<T>,
  ): Promise<T> {
    if (address % (sizeBits / 8) !== 0) {
      throw new RequestError(
        `address 0x${address.toString(16)} must be a multiple of ${sizeBits / 8} for ${sizeBits}-bit access`,
      );
    }
    return this.use(signal, async ({ dap }) => {
      let restore = async (): Promise<void> => undefined;
      try {
        const [csw] = await dap.readAp(this.registers + MEM_AP.CSW, 1, signal);
        const [tar] = await dap.readAp(this.registers + MEM_AP.TAR, 1, signal);
        restore = async () => {
          await dap.writeAp(this.registers + MEM_AP.CSW, Uint32Array.of(csw), signal);
          await dap.writeAp(this.registers + MEM_AP.TAR, Uint32Array.of(tar), signal);
        };
        // The attributes (HPROT, security) stay as the client, or reset, left them: the protocol does not carry them.
        const attributes = csw & ~(CSW.SIZE_MASK | CSW.ADDRINC_MASK);
        const wanted = (attributes | cswSize[sizeBits] | CSW.ADDRINC_SINGLE) >>> 0;
        await dap.writeAp(this.registers + MEM_AP.CSW, Uint32Array.of(wanted), signal);
        const result = await body(dap);
        await dap.flush(signal);
        if (this.protocol() === 'JTAG') await this.#requireNoStickyError(dap, signal);
        await restore();
        return result;
      } catch (error) {
        if (error instanceof TransferError) {
          // What fails here fails for the reason the caller is about to hear.
          await clearSticky(dap, this.protocol(), signal)
            .then(restore)
            .catch(() => undefined);
        }
        throw error;
      }
    });
  }

  /** A JTAG-DP acknowledges accesses that fail, and the ones after it, with OK (IHI 0031 B3.4.3, OK/FAULT): only the flag tells. */
  async #requireNoStickyError(dap: DapPort, signal: AbortSignal): Promise<void> {
    const status = await dap.readDp(DP.CTRL_STAT, signal);
    if (status & CTRL_STAT.STICKYERR) throw new TransferFaultError();
  }
}

const cswSize = { 8: CSW.SIZE_BYTE, 16: CSW.SIZE_HALF, 32: CSW.SIZE_WORD } as const;

/** SWD clears sticky flags through ABORT, JTAG-DP through CTRL/STAT (IHI 0031 B2.2.2). */
async function clearSticky(dap: DapPort, protocol: WireProtocol | undefined, signal: AbortSignal): Promise<void> {
  if (protocol === 'JTAG') await dap.writeDp(DP.CTRL_STAT, JTAG_CLEAR_STICKY, signal);
  else await dap.writeDp(DP.ABORT, CLEAR_STICKY, signal);
}

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
    const room = (TAR_PAGE - ((address + start * sizeBytes) % TAR_PAGE)) / sizeBytes;
    const end = Math.min(count, start + room);
    yield { start, end };
    start = end;
  }
}
