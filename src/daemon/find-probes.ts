import { findDriver } from '../probe/drivers.js';
import type { ProbeDriver, ProbeMatch } from '../probe/probe-driver.js';
import type { DeviceKey, UsbDeviceInfo } from '../usb/usb-bus.js';

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
 * @param known  the uids of devices that have one. They keep it, whoever else comes or goes: a client must not find
 *               itself at another board because the twin of its probe was unplugged
 * @returns      in the order of their sockets; uids are unique
 */
export function findProbes(
  devices: readonly UsbDeviceInfo[],
  known: ReadonlyMap<DeviceKey, string> = new Map(),
  drivers?: readonly ProbeDriver[],
): FoundProbe[] {
  const taken = new Set(devices.flatMap(({ key }) => known.get(key) ?? []));
  const found: FoundProbe[] = [];
  for (const device of [...devices].sort(bySocket)) {
    const fit = findDriver(device, drivers);
    if (!fit) continue;
    const uid = known.get(device.key) ?? freeUid(device, taken);
    taken.add(uid);
    found.push({ uid, device, ...fit });
  }
  return found;
}

function freeUid({ serial = '', portPath }: UsbDeviceInfo, taken: ReadonlySet<string>): string {
  let uid = serial === '' || taken.has(serial) ? `usb-${portPath}` : serial;
  while (taken.has(uid)) uid += '-2'; // another device's serial number looks like the name of this socket
  return uid;
}

/** "1-2" before "1-10". */
function bySocket(a: UsbDeviceInfo, b: UsbDeviceInfo): number {
  return a.portPath.localeCompare(b.portPath, 'en', { numeric: true });
}
