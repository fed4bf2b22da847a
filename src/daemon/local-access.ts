// Which user of this machine a client is, and which users may come in.

import { describeError, RequestError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/config.js';
import type { Problem } from '../control/snapshots.js';
import type { Endpoint } from '../platform/socket-owners.js';
import type { AccessVerdict } from '../server/client-access.js';
import { groupProblem } from './group-problem.js';
import { userPrincipal } from './principal.js';

/** The user ids behind connections from this machine. */
interface Owners {
  ownerOf(peer: Endpoint, own: Endpoint): Promise<number | undefined>;
}

/** What is known of users. */
interface UserNames {
  nameOf(uid: number): Promise<string | undefined>;
  isMember(uid: number, group: string): Promise<boolean>;
  hasGroup(group: string): Promise<boolean>;
}

export interface LocalAccessOptions {
  readonly owners: Owners;
  readonly users: UserNames;
  readonly log: Logger;
  readonly rules: AccessRules;
}

/** What the config says. */
type AccessRules = Pick<Config['access'], 'localGroup'>;

const ROOT = 0;

export class LocalAccess {
  #rules: AccessRules;
  #hasWarned = false;
  #problem: Problem | undefined;

  constructor(private readonly options: LocalAccessOptions) {
    this.#rules = options.rules;
  }

  /** For clients that come from now on. */
  configure(rules: AccessRules): void {
    this.#rules = rules;
  }

  /** What keeps out whom the config lets in, as `look` has found it; undefined if nothing does. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Looks whether the system knows the group of the config. */
  async look(): Promise<void> {
    const group = this.#rules.localGroup;
    const problem = await groupProblem(group, this.options.users);
    if (group !== this.#rules.localGroup) return; // it is looked for anew
    if (problem && problem.what !== this.#problem?.what) {
      this.options.log.warn('the group of access.local_group is unknown: nobody but root gets in', { group });
    }
    this.#problem = problem;
  }

  /**
   * Never rejects. Where the user cannot be told, the principal is the address.
   *
   * @param peer  the client's end, of a connection within this machine
   * @param own   our end
   */
  async check(peer: Endpoint, own: Endpoint): Promise<AccessVerdict> {
    const uid = await this.#ownerOf(peer, own);
    const refusal = await this.#refusalFor(uid);
    const principal = uid === undefined ? `addr:${peer.address}` : await this.principalOf(uid);
    return { principal, ...(refusal && { refusal }) };
  }

  /** What a local user is called. */
  principalOf(uid: number): Promise<string> {
    return userPrincipal(uid, this.options.users);
  }

  async #ownerOf(peer: Endpoint, own: Endpoint): Promise<number | undefined> {
    const { owners, log } = this.options;
    try {
      return await owners.ownerOf(peer, own);
    } catch (error) {
      if (!this.#hasWarned) {
        log.warn('local users are not known: clients of this machine are told apart by address only', {
          reason: describeError(error),
        });
      }
      this.#hasWarned = true;
      return undefined;
    }
  }

  async #refusalFor(uid: number | undefined): Promise<RequestError | undefined> {
    const group = this.#rules.localGroup;
    if (group === undefined || uid === ROOT) return undefined;
    if (uid !== undefined && (await this.options.users.isMember(uid, group))) {
      this.#problem = undefined; // a name service that was away is back
      return undefined;
    }
    const why = await this.#whyOutside(uid, group);
    return new RequestError(`probes of this machine are for group ${group} (access.local_group), ${why}`);
  }

  async #whyOutside(uid: number | undefined, group: string): Promise<string> {
    if (uid === undefined) return 'and whose client this is cannot be told';
    if (!(await this.options.users.hasGroup(group))) return 'which the system does not know';
    return `and ${await this.principalOf(uid)} is not in it`;
  }
}
