// SWO belongs to the client that has started it, until it stops it or leaves. Called with the probe's turn held.

import { never } from '../base/never.js';
import { ProbeStateError } from '../probe/errors.js';
import type { Probe, SwoPort } from '../probe/probe.js';
import type { ClientName } from './client-lease.js';
import { clientsText } from './clients-text.js';

export class SwoClaim {
  #isCapturing = false;

  /** @param otherOwner  the other client that captures, if one does */
  constructor(private readonly otherOwner: () => ClientName | undefined) {}

  get isCapturing(): boolean {
    return this.#isCapturing;
  }

  /** @throws ProbeStateError  naming the client that has it */
  async start(swo: SwoPort, baudRate: number, signal: AbortSignal): Promise<void> {
    const other = this.otherOwner();
    if (other)
      throw new ProbeStateError(`SWO is captured by ${clientsText([other])}: wait until that one stops it or leaves`);
    await swo.start(baudRate, signal);
    this.#isCapturing = true;
  }

  async stop(swo: SwoPort, signal: AbortSignal): Promise<void> {
    if (this.#isCapturing) await swo.stop(signal);
    this.#isCapturing = false;
  }

  /** What was captured for this client; nothing of what another captures. */
  async read(swo: SwoPort, signal: AbortSignal): Promise<Uint8Array> {
    return this.#isCapturing ? swo.read(signal) : new Uint8Array();
  }

  /** The client leaves. */
  async leave(probe: Probe | undefined): Promise<void> {
    const isCapturing = this.#isCapturing;
    this.#isCapturing = false;
    if (isCapturing) await probe?.swo?.stop(never);
  }

  /** The probe is gone. */
  forget(): void {
    this.#isCapturing = false;
  }
}
