import assert from 'node:assert/strict';
import { RequestPolicy } from '../../src/client/request-policy.js';
import type { Reply } from './test-client.js';

interface Asked {
  readonly request: string;
  readonly arguments?: readonly unknown[];
}

/** Holds what a client is told through the pipelining helper against "What holds" of docs/acceleration.md. */
export class DeferredErrors {
  readonly #policy = new RequestPolicy();
  /** Of a request that was answered with success, until it is told. */
  #owed: { readonly request: string; readonly status: number } | undefined;

  /**
   * @param reply   to the request, which is the next one
   * @param direct  the status it has without the helper
   * @returns       whether that is what the reply has to have; else it has told an error of an earlier request, or will be
   *                told of its own later
   */
  isItsOwn(request: Asked, reply: Reply, direct: number): boolean {
    const { request: name, arguments: args = [] } = request;
    const policy = this.#policy.policyOf({ id: '', name, args });
    const earlier = /^from an earlier (\w+): /.exec(reply.error ?? '')?.[1];
    const where = JSON.stringify({ request, reply, direct, owed: this.#owed });
    if (earlier !== undefined) {
      assert.deepEqual({ request: earlier, status: reply.status }, this.#owed, where);
      assert.notEqual(policy, 'quiet', where);
      this.#owed = undefined; // once
      return false;
    }
    if (policy === 'waits') {
      assert.equal(this.#owed, undefined, where);
      return true;
    }
    if (policy === 'remembered' || direct === 0) return true;
    assert.equal(reply.status, 0, where);
    this.#owed ??= { request: name, status: direct }; // those after it may be its consequence
    return false;
  }

  /** Nobody is left who could be told. */
  assertTold(): void {
    assert.equal(this.#owed, undefined);
  }
}
