import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.js';
import { withoutScope } from '../base/without-scope.js';
import { isLoopback } from '../config/remote-clients.js';
import type { Endpoint } from '../platform/socket-owners.js';

/** Asking the kernel costs 0.2 ms: a stranger that connects again and again must not make us do that each time. */
const KEPT_MS = 1000;

/** The addresses of this machine, to tell its own connections from those of others. */
export class OwnAddresses {
  #known: ReadonlySet<string> = new Set();
  #until = -Infinity;

  constructor(private readonly clock: Clock) {}

  /** Whether a connection comes from this machine. Nobody else can have an address of ours and get our answers. */
  isLocal(peer: Endpoint, own: Endpoint): boolean {
    return isLoopback(peer.address) || peer.address === own.address || this.#has(withoutScope(peer.address));
  }

  #has(address: string): boolean {
    const now = this.clock.now();
    if (now >= this.#until) {
      const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      this.#known = new Set(all.map((own) => withoutScope(own.address)));
      this.#until = now + KEPT_MS;
    }
    return this.#known.has(address);
  }
}
