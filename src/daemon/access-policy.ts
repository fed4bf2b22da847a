// Who may connect to which probe: users of this machine by group, other machines by address.

import type { Clock } from '../base/clock.js';
import { RequestError } from '../base/errors.js';
import { AllowList } from '../config/allow-list.js';
import type { Config } from '../config/config.js';
import { probeSettings } from '../config/probe-policy.js';
import type { ClientAccess, Screening } from '../server/client-access.js';
import type { LocalAccess } from './local-access.js';
import { OwnAddresses } from './own-addresses.js';

export interface AccessPolicyOptions {
  readonly config: Config;
  readonly local: LocalAccess;
  readonly clock: Clock;
}

export class AccessPolicy {
  readonly #local: LocalAccess;
  readonly #ownAddresses: OwnAddresses;
  #config: Config;
  /** By uid, each made when it is first asked for. */
  readonly #allowed = new Map<string, AllowList>();

  constructor({ config, local, clock }: AccessPolicyOptions) {
    this.#config = config;
    this.#local = local;
    this.#ownAddresses = new OwnAddresses(clock);
  }

  /** For clients that come from now on. */
  configure(config: Config): void {
    this.#config = config;
    this.#allowed.clear();
    this.#local.configure(config.access);
  }

  forProbe(uid: string): ClientAccess {
    return {
      screen: (peer, own) => {
        if (this.#ownAddresses.isLocal(peer, own)) return { from: 'this-machine' };
        return this.#allowedFor(uid).has(peer.address) ? { from: 'other-machine' } : this.#stranger(uid, peer.address);
      },
      check: async (peer, own) =>
        this.#ownAddresses.isLocal(peer, own) ? this.#local.check(peer, own) : { principal: `addr:${peer.address}` },
    };
  }

  #allowedFor(uid: string): AllowList {
    const known = this.#allowed.get(uid);
    if (known) return known;
    const made = new AllowList(probeSettings(this.#config, uid).allowRemote);
    this.#allowed.set(uid, made);
    return made;
  }

  #stranger(uid: string, address: string): Screening {
    const refusal = new RequestError(
      `probe ${uid} is not for ${address}: whoever runs its host decides (allow_remote)`,
    );
    return { from: 'stranger', refusal, isTold: this.#config.access.refusal === 'polite' };
  }
}
