// The root of every error that may cross a folder's border, and the two kinds that belong to no device.

/**
 * What a caller can act on. One list for the whole daemon, so that the table which turns it into a protocol status
 * (`protocol/status.ts`) does not compile with a gap.
 */
export type ErrorKind =
  | 'request' // the client's mistake: malformed, out of range, out of place
  | 'unsupported' // this probe, or this build, does not have the ability
  | 'busy' // somebody else has the device, or a limit is reached
  | 'access' // the operating system refuses us the device
  | 'disconnected' // the probe is not there
  | 'probe' // the probe is there and misbehaves, or is in the wrong state
  | 'transfer' // no ACK, parity error, protocol error on the wire
  | 'transfer-timeout' // WAIT, until retries were used up
  | 'transfer-fault'; // FAULT

/** Base of all errors the daemon throws on purpose. Messages: lower case, no full stop, and what to do about it. */
export abstract class DaemonError extends Error {
  abstract readonly kind: ErrorKind;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The client asked for something that cannot be granted as asked. */
export class RequestError extends DaemonError {
  readonly kind = 'request';
}

/** The probe does not have the ability that was asked for. */
export class UnsupportedError extends DaemonError {
  readonly kind = 'unsupported';
}

/** Marks the end of a `switch` over a union: does not compile while a member is missing. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}

/** The text of whatever was thrown, with the texts of its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describeError(error.cause)}`;
}

/** The code of an error of the operating system, such as "ENOENT"; undefined for any other. */
export function systemErrorCode(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined;
}
