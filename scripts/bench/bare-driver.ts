// The requests of one client straight to the driver: no session, no virtual DAP, nobody else to think of. What sharing
// costs a client that is alone is the difference.

import assert from 'node:assert/strict';
import { bitString } from '../../src/dap/bit-string.js';
import { DP, POWER_REQUESTS } from '../../src/dap/registers.js';
import type { RequestedProtocol } from '../../src/dap/wire-protocol.js';
import type { Probe } from '../../src/probe/probe.js';

const { signal } = new AbortController();

/** Does what the requests ask for, with the client's SELECT made part of each address. */
export class BareDriver {
  #select = 0;
  #power = 0;

  constructor(private readonly probe: Probe) {}

  async call(name: string, args: readonly unknown[]): Promise<unknown> {
    const { probe } = this;
    const { dap } = probe;
    const [first, second] = args;
    const [address, value] = [Number(first), Number(second)];
    switch (name) {
      case 'connect':
        return probe.connect(String(first) as RequestedProtocol, signal);
      case 'disconnect':
        // Clients that do not power down the target leave that to the server.
        if (this.#power) await dap.writeDp(DP.CTRL_STAT, 0, signal);
        await dap.flush(signal);
        return probe.disconnect(signal);
      case 'set_clock':
        return probe.setClock(address, signal);
      case 'swj_sequence':
        return probe.swjSequence?.(bitString(address, BigInt(String(second))), signal);
      case 'read_dp':
        return dap.readDp(this.#dpAddress(address), signal);
      case 'write_dp':
        if (address === DP.CTRL_STAT) this.#power = value & POWER_REQUESTS;
        if (address !== DP.SELECT) return dap.writeDp(address === 0 ? 0 : this.#dpAddress(address), value, signal);
        this.#select = value;
        return undefined;
      case 'read_ap':
        return dap.readAp(this.#apAddress(address), 1, signal);
      case 'read_ap_multiple':
        return dap.readAp(this.#apAddress(address), value, signal);
      case 'write_ap':
        return dap.writeAp(this.#apAddress(address), Uint32Array.of(value), signal);
      case 'write_ap_multiple':
        assert(Array.isArray(second));
        return dap.writeAp(this.#apAddress(address), Uint32Array.from(second as number[]), signal);
      case 'flush':
        return dap.flush(signal);
      default: // hello, open, close, lock, unlock, readprop, get_memory_interface_for_ap: nothing for a driver
        return undefined;
    }
  }

  #dpAddress(address: number): number {
    return address < DP.SELECT ? ((this.#select & 0xf) << 4) | address : address;
  }

  #apAddress(address: number): number {
    return ((this.#select & ~0xf) | (address & 0xc)) >>> 0;
  }
}
