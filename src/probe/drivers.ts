// The families of probes this build can drive.

import type { UsbDeviceInfo } from '../usb/usb-bus.js';
import { cmsisDapDriver } from './cmsis-dap/cmsis-dap-driver.js';
import type { ProbeDriver, ProbeMatch } from './probe-driver.js';

export const probeDrivers: readonly ProbeDriver[] = [cmsisDapDriver];

export interface DriverMatch {
  readonly driver: ProbeDriver;
  readonly match: ProbeMatch;
}

/** The driver with the best score for a device, if any fits. */
export function findDriver(
  device: UsbDeviceInfo,
  drivers: readonly ProbeDriver[] = probeDrivers,
): DriverMatch | undefined {
  let best: DriverMatch | undefined;
  for (const driver of drivers) {
    const match = driver.match(device);
    if (match && match.score > (best?.match.score ?? 0)) best = { driver, match };
  }
  return best;
}
