import { RequestError } from '../base/errors.js';
import { hasMemAp, MemApMemory, memApRegisters } from './mem-ap-memory.js';
import type { MemoryPort } from './memory-port.js';
import type { VirtualDap } from './virtual-dap.js';

/** Handles are never given back, so a client that asks again and again is stopped here. */
const MAX_MEMORY_HANDLES = 256;

/** The memory handles of one client. */
export class MemoryHandles {
  readonly #ports = new Map<number, MemoryPort>();

  constructor(private readonly dap: VirtualDap) {}

  /** @returns undefined where the AP has no memory */
  async make(apVersion: 1 | 2, nominalAddress: number, signal: AbortSignal): Promise<number | undefined> {
    const registers = memApRegisters(apVersion, nominalAddress);
    if (!(await hasMemAp(this.dap, registers, signal))) return undefined;
    if (this.#ports.size >= MAX_MEMORY_HANDLES) {
      throw new RequestError(`too many memory handles: use one of the ${MAX_MEMORY_HANDLES} given out`);
    }
    const handle = this.#ports.size;
    this.#ports.set(handle, new MemApMemory(this.dap, registers));
    return handle;
  }

  /** @throws RequestError  for a handle that was not given out */
  get(handle: number): MemoryPort {
    const port = this.#ports.get(handle);
    if (!port) throw new RequestError(`memory handle ${handle} was not given out on this connection`);
    return port;
  }
}
