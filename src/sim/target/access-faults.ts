// Faults on the wire, by request: what a test or a demonstration wants the target to do wrong, and at which access.

/**
 * wait: WAIT instead of the access. fault: FAULT, with STICKYERR set. no-ack: nothing is driven, and the line is lost
 * until a line reset. parity: the data phase has a wrong parity bit. power-lost: the target was without power just
 * before this access; registers and line state are as after power-up.
 */
export type AccessFaultKind = 'wait' | 'fault' | 'no-ack' | 'parity' | 'power-lost';

/** Which accesses; what is left out matches any. */
export interface AccessPattern {
  readonly port?: 'DP' | 'AP';
  readonly direction?: 'read' | 'write';
  /** A[3:2] as on the wire: 0, 4, 8 or 0xC. */
  readonly address?: 0x0 | 0x4 | 0x8 | 0xc;
}

export interface AccessFault {
  readonly kind: AccessFaultKind;
  readonly on?: AccessPattern;
  /** Matching accesses to let pass first. Default 0. */
  readonly after?: number;
  /** How many accesses it hits. Default 1. */
  readonly times?: number;
}

/** Bits of an access request as CMSIS-DAP and the SWD packet have them: APnDP, RnW, A[3:2]. */
export const Request = { AP: 1, READ: 2, ADDRESS_MASK: 0x0c } as const;

interface WaitingFault {
  readonly fault: AccessFault;
  after: number;
  times: number;
}

export class AccessFaults {
  readonly #waiting: WaitingFault[] = [];

  /** Adds a fault; it goes when it has hit as often as asked, or when the result is disposed. */
  inject(fault: AccessFault): Disposable {
    const entry = { fault, after: fault.after ?? 0, times: fault.times ?? 1 };
    this.#waiting.push(entry);
    return { [Symbol.dispose]: () => this.#remove(entry) };
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  /** The fault for this access, if there is one: the oldest that matches. */
  next(request: number): AccessFaultKind | undefined {
    if (this.#waiting.length === 0) return undefined;
    for (const entry of [...this.#waiting]) {
      if (!matches(entry.fault.on ?? {}, request)) continue;
      if (entry.after > 0) {
        entry.after--;
        continue;
      }
      if (--entry.times <= 0) this.#remove(entry);
      return entry.fault.kind;
    }
    return undefined;
  }

  #remove(entry: WaitingFault): void {
    const at = this.#waiting.indexOf(entry);
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}

function matches({ port, direction, address }: AccessPattern, request: number): boolean {
  if (port !== undefined && (port === 'AP') !== ((request & Request.AP) !== 0)) return false;
  if (direction !== undefined && (direction === 'read') !== ((request & Request.READ) !== 0)) return false;
  return address === undefined || address === (request & Request.ADDRESS_MASK);
}
