import { findDriver } from '../probe/drivers.js';
import type { ProbeDriver, ProbeMatch } from '../probe/probe-driver.js';
import { probeName } from '../probe/probe-name.js';
import { knownProbe } from '../usb/probe-table.js';
import type { DeviceKey, UsbDeviceInfo } from '../usb/usb-bus.js';

/** A device that a driver can serve, and the uid it is known by. */
export interface FoundProbe {
  readonly uid: string;
  readonly device: UsbDeviceInfo;
  readonly driver: ProbeDriver;
  readonly match: ProbeMatch;
}

/** A device that is known to be a debug probe, and that no driver can serve. */
export interface UnservedProbe {
  readonly uid: string;
  readonly device: UsbDeviceInfo;
  readonly vendor: string;
  readonly product: string;
  readonly reason: string;
}

export interface DetectedProbes {
  readonly found: readonly FoundProbe[];
  readonly unserved: readonly UnservedProbe[];
}

/**
 * Picks the probes out of the devices on the bus and gives each its uid: the serial number; or, for a device without a
 * usable one and for all but the first with the same one, a name made of its USB port path, which stays the same as long
 * as the probe stays in its socket.
 *
 * @param known  the uids of devices that have one. They keep it, whoever else comes or goes: a client must not find
 *               itself at another board because the twin of its probe was unplugged
 * @returns      in the order of their sockets; uids are unique
 */
export function findProbes(
  devices: readonly UsbDeviceInfo[],
  known: ReadonlyMap<DeviceKey, string> = new Map(),
  drivers?: readonly ProbeDriver[],
): DetectedProbes {
  const taken = new Set(devices.flatMap(({ key }) => known.get(key) ?? []));
  const uidOf = (device: UsbDeviceInfo): string => {
    const uid = known.get(device.key) ?? freeUid(device, taken);
    taken.add(uid);
    return uid;
  };
  const found: FoundProbe[] = [];
  const unserved: UnservedProbe[] = [];
  const others: UsbDeviceInfo[] = [];
  for (const device of [...devices].sort(bySocket)) {
    const fit = findDriver(device, drivers);
    if (fit) found.push({ uid: uidOf(device), device, ...fit });
    else others.push(device);
  }
  for (const device of others) {
    const reason = reasonUnserved(device);
    if (reason !== undefined) unserved.push({ uid: uidOf(device), device, ...probeName(device), reason });
  }
  return { found, unserved };
}

/** @returns undefined for a device that is no probe as far as we know */
function reasonUnserved(device: UsbDeviceInfo): string | undefined {
  const support = knownProbe(device)?.support;
  if (support?.kind === 'not-served') return support.reason;
  if (support?.kind !== 'served') return undefined;
  return device.interfaces.length === 0
    ? 'the system has not let it in ("authorized" in sysfs): is there a USBGuard to ask?'
    : 'it has no CMSIS-DAP interface: it may be in the mode for firmware updates';
}

function freeUid({ serial = '', portPath }: UsbDeviceInfo, taken: ReadonlySet<string>): string {
  const wanted = usableSerial(serial);
  let uid = wanted === undefined || taken.has(wanted) ? `usb-${portPath}` : wanted;
  while (taken.has(uid)) uid += '-2'; // another device's serial number looks like the name of this socket
  return uid;
}

/**
 * The serial number without blanks around it, in any script. What is in it but is no text (control and format
 * characters, code points that mean nothing, U+FFFD for bytes that were none) comes from memory that was never written,
 * and may be something else at the next plug.
 */
function usableSerial(serial: string): string | undefined {
  const trimmed = serial.trim();
  return trimmed === '' || /[\p{C}\ufffd]/u.test(trimmed) ? undefined : trimmed;
}

/** "1-2" before "1-10". */
function bySocket(a: UsbDeviceInfo, b: UsbDeviceInfo): number {
  return a.portPath.localeCompare(b.portPath, 'en', { numeric: true });
}
