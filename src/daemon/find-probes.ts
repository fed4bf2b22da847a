import { findDriver } from '../probe/drivers.js';
import type { ProbeDriver, ProbeMatch } from '../probe/probe-driver.js';
import type { UsbDeviceInfo } from '../usb/usb-bus.js';

/** A device that a driver can serve, and the uid it is known by. */
export interface FoundProbe {
  readonly uid: string;
  readonly device: UsbDeviceInfo;
  readonly driver: ProbeDriver;
  readonly match: ProbeMatch;
}

/**
 * Picks the probes out of the devices on the bus and gives each its uid: the serial number; or, for a device without
 * one and for all but the first with the same one, a name made of its USB port path, which stays the same as long as
 * the probe stays in its socket.
 *
 * @param served  attachments that have a uid already, and keep it whoever else comes with the same serial number
 * @returns       in the order of `devices`; uids are unique
 */
export function findProbes(devices: readonly UsbDeviceInfo[], served: ReadonlyMap<string, string>): FoundProbe[] {
  const taken = new Set(devices.flatMap(({ key }) => served.get(key) ?? []));
  const found: FoundProbe[] = [];
  for (const device of devices) {
    const fit = findDriver(device);
    if (!fit) continue;
    const uid = served.get(device.key) ?? newUid(device, taken);
    taken.add(uid);
    found.push({ uid, device, ...fit });
  }
  return found;
}

function newUid({ serial = '', portPath }: UsbDeviceInfo, taken: ReadonlySet<string>): string {
  return serial !== '' && !taken.has(serial) ? serial : `usb-${portPath}`;
}
