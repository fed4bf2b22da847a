import type { GuestAgent } from './guest-agent.js';

export interface Served {
  /** When `open` was answered with status 0: seconds of the guest's CLOCK_MONOTONIC, as all times here. */
  readonly openedAt: number;
  /** When DPIDR had been read. */
  readonly at: number;
  readonly dpidr: number;
}

export interface Refused {
  readonly at: number;
  readonly status: number;
  readonly error?: string;
  /** How many reads were right before. */
  readonly reads: number;
}

/** Clients inside the guest, and its clock: guest-side/stopwatch.ts. */
export class Stopwatch {
  constructor(private readonly agent: GuestAgent) {}

  now(): Promise<number> {
    return this.agent.call('now') as Promise<number>;
  }

  /** Resolves when a probe on a port of the guest has been opened and DPIDR read. */
  untilServed(port: number, timeoutMs = 30_000): Promise<Served> {
    return this.agent.call('untilServed', { port, timeoutMs }, timeoutMs) as Promise<Served>;
  }

  /** Opens the probe on a port of the guest and reads until it is refused. */
  untilRefused(port: number, timeoutMs = 30_000): Promise<Refused> {
    return this.agent.call('untilRefused', { port }, timeoutMs) as Promise<Refused>;
  }

  /** @returns when the kernel logged a line with `text`, the first one since `since` */
  kernelEvent(text: string, since: number): Promise<number> {
    return this.agent.call('kernelEvent', { text, since }) as Promise<number>;
  }
}
