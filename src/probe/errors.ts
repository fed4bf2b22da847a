// What can go wrong between us and the probe.

import { DaemonError } from '../base/errors.js';

/** The probe is not there: unplugged before or during the request. */
export class ProbeDisconnectedError extends DaemonError {
  readonly kind = 'disconnected';
}

/** The probe is there and misbehaves, or is not in the state the request needs. */
export class ProbeError extends DaemonError {
  readonly kind = 'probe';
}

/** A client asks for what does not fit the probe, or the state it and others have it in: nothing is wrong with the probe. */
export class ProbeStateError extends ProbeError {}

/** Another program has claimed the probe. */
export class ProbeBusyError extends DaemonError {
  readonly kind = 'busy';
}

/** The operating system refuses us the probe. */
export class ProbeAccessError extends DaemonError {
  readonly kind = 'access';
}
