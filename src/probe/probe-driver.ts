import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { UsbBus, UsbDeviceInfo } from '../usb/usb-bus.js';
import type { Probe } from './probe.js';

/** One family of probes. Stateless: everything that lives is in the `Probe` it opens. */
export interface ProbeDriver {
  readonly family: string;
  /** Says whether the device looks like one of the family. Pure: descriptors in, no I/O. */
  match(device: UsbDeviceInfo): ProbeMatch | undefined;
  /**
   * Opens the device and learns what it can do. The signal stops it between two exchanges; what was claimed by then is
   * released.
   * @throws ProbeDisconnectedError, ProbeBusyError, ProbeAccessError, ProbeError
   */
  open(device: UsbDeviceInfo, context: ProbeContext, signal: AbortSignal): Promise<Probe>;
}

/** How well a driver fits a device; the best score over all drivers wins. */
export interface ProbeMatch {
  readonly family: string;
  readonly score: number;
  readonly vendor: string;
  readonly product: string;
  /** What its user should do about it, although it is served. */
  readonly warning?: ProbeWarning;
}

export interface ProbeWarning {
  readonly what: string;
  readonly remedy: string;
}

/** What a driver may use of the world. */
export interface ProbeContext {
  readonly uid: string;
  readonly bus: UsbBus;
  readonly clock: Clock;
  readonly log: Logger;
}
