import type { BitString } from '../dap/bit-string.js';
import type { RequestedProtocol, WireProtocol } from '../dap/wire-protocol.js';
import type { DapPort, JtagSequence, SwdSequence } from '../probe/probe.js';
import type { MemoryPort } from './memory-port.js';

/** Who a lease belongs to, for logs and status. */
export interface ClientName {
  /** Counts up over the life of the daemon. */
  readonly id: number;
  /** "127.0.0.1:50312" */
  readonly address: string;
  /** Whom it belongs to: "user:ada" for a local user, "uid:1000" for one without a name, "addr:192.0.2.7" else. */
  readonly principal: string;
}

/**
 * What one client has of a probe, and all it can do with it. Everything a client leaves behind (lock, connect, opens,
 * memory handles, an asserted reset) is in its lease, and ends with it: dispose returns reset, connect, open and lock,
 * in that order, so that the next holder of the lock finds the probe in order. It never throws.
 *
 * Methods that touch the probe wait their turn among the leases of one probe, first in, first out. Errors of all of
 * them: `ProbeDisconnectedError` while the probe is unplugged, `ProbeError` while this lease has not opened it,
 * `UnsupportedError` where the probe lacks the ability, and what the probe itself throws.
 */
export interface ClientLease extends AsyncDisposable {
  readonly client: ClientName;

  /**
   * Waits until this client may come in, opens the probe if nobody has it open, and counts.
   * @throws NotAdmittedError, ProbeBusyError, ProbeAccessError
   */
  open(signal: AbortSignal): Promise<void>;
  /** Whether a request of it waits: `open` to be let in, others for somebody else's lock. */
  readonly isWaiting: boolean;
  /** Takes back one `open`, the last one with all that the client has of the probe, the lock too; without one it does nothing. */
  close(signal: AbortSignal): Promise<void>;
  /**
   * Connects to the target, unless it is connected with the same protocol, or any when `DEFAULT` is asked for.
   * @throws ProbeError  naming the current protocol, if it is another
   */
  connect(protocol: RequestedProtocol, signal: AbortSignal): Promise<void>;
  /** Gives up this client's interest in the connection; the last one to do so disconnects the target. */
  disconnect(signal: AbortSignal): Promise<void>;

  /**
   * Takes the probe's lock, again and again if need be: `unlock` it as often.
   * @throws NotAdmittedError        before `open`, while not everyone is let in
   * @throws ProbeDisconnectedError  also while it waits: a probe that is not there has no lock
   */
  lock(signal: AbortSignal): Promise<void>;
  /** Without `lock` it does nothing. */
  unlock(): void;

  /** This client's DAP. Of an AP address only A[3:2] counts: the client's own SELECT says the rest. */
  readonly dap: DapPort;

  setClock(frequencyHz: number, signal: AbortSignal): Promise<void>;
  /** Pulses nRESET, and waits until the target has had time to start. */
  reset(signal: AbortSignal): Promise<void>;
  setReset(asserted: boolean, signal: AbortSignal): Promise<void>;
  readReset(signal: AbortSignal): Promise<boolean>;
  swjSequence(sequence: BitString, signal: AbortSignal): Promise<void>;
  swdSequence(pieces: readonly SwdSequence[], signal: AbortSignal): Promise<readonly BitString[]>;
  jtagSequence(sequence: JtagSequence, signal: AbortSignal): Promise<BitString | undefined>;
  swoStart(baudRate: number, signal: AbortSignal): Promise<void>;
  swoStop(signal: AbortSignal): Promise<void>;
  swoRead(signal: AbortSignal): Promise<Uint8Array>;

  /**
   * A handle for memory access through an AP, or undefined where handles are switched off or the AP has no memory.
   * @param apVersion       1: `nominalAddress` is APSEL; 2: it is the AP's base address
   */
  memoryHandle(apVersion: 1 | 2, nominalAddress: number, signal: AbortSignal): Promise<number | undefined>;
  /** @throws RequestError  for a handle this lease has not given out */
  memory(handle: number): MemoryPort;

  readonly vendorName: string;
  readonly productName: string;
  /** The protocols the probe can speak. @throws ProbeError while it is not open */
  readonly wireProtocols: readonly WireProtocol[];
  /** The protocol it is connected with, by whomever; undefined while it is not. */
  readonly wireProtocol: WireProtocol | undefined;
  /** What the probe can do, derived from its ports. @throws ProbeError while it is not open */
  readonly abilities: ProbeAbilities;
}

export interface ProbeAbilities {
  readonly swjSequence: boolean;
  readonly swdSequence: boolean;
  readonly jtagSequence: boolean;
  readonly swo: boolean;
}
