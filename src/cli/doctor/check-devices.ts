import { holderOf } from '../../base/file-holder.js';
import { knownProbe, type UsbIds } from '../../usb/probe-table.js';
import { udevRemedy } from '../../usb/udev-rule.js';
import { type Check, type CheckContext, fine, type Finding, problem } from './check.js';
import type { System } from './system.js';

const DEVICES = '/sys/bus/usb/devices';

interface Device {
  /** Bus and ports: "1-2.4". */
  readonly path: string;
  readonly product: string;
  readonly ids: UsbIds;
  /** /dev/bus/usb/BBB/DDD */
  readonly node: string;
}

/** For each probe that is plugged in: may it be opened, and does another program have it? */
export const checkDevices: Check = async (context) => {
  const { system } = context;
  if (system.platform !== 'linux') return [];
  const findings: Finding[] = [];
  for (const device of await listProbes(system)) findings.push(...(await checkDevice(device, context)));
  return findings;
};

async function checkDevice({ path, product, ids, node }: Device, { system, daemon }: CheckContext): Promise<Finding[]> {
  const what = `${product} at ${path}`;
  const row = daemon.kind === 'answers' ? daemon.details.find(({ usb }) => usb?.path === path)?.probe : undefined;
  // The daemon's rights count, if there is one to ask; else those of this user, who may be about to start one.
  const denied = row ? row.state === 'no-permission' : (await system.access(node)) === 'denied';
  if (denied) {
    const who = row ? 'the daemon' : 'you';
    return [problem(`${what}: ${who} may not open ${node}`, udevRemedy(ids))];
  }
  const { holder, isCertain } = await holderOf(system, (link) => link === node);
  const daemonPid = daemon.kind === 'answers' ? daemon.status.pid : undefined;
  if (holder && holder.pid !== daemonPid) {
    return [problem(`${what} is held by ${holder.name}, pid ${holder.pid}`, `kill ${holder.pid}`)];
  }
  // Descriptors of other users are hidden: proc(5), /proc/pid/fd. That matters only where an open has failed.
  if (!holder && !isCertain && row?.state === 'failed') {
    return [problem(`${what}: another user's program may hold it`, `sudo fuser -v ${node}`)];
  }
  return [fine(`${what} can be opened`)];
}

/**
 * Devices whose product or interface says CMSIS-DAP (CMSIS-DAP 2.1.2, "Connect and enumeration of debug units"), and
 * those that are known to be such probes.
 */
async function listProbes(system: System): Promise<readonly Device[]> {
  const names = (await system.list(DEVICES)) ?? [];
  const probes: Device[] = [];
  for (const path of names.filter((name) => /^\d+-[\d.]+$/.test(name))) {
    const read = async (file: string) => (await system.readText(`${DEVICES}/${path}/${file}`))?.trim();
    const product = (await read('product')) ?? 'a USB device';
    const interfaces = names.filter((name) => name.startsWith(`${path}:`));
    const labels = await Promise.all(interfaces.map((name) => system.readText(`${DEVICES}/${name}/interface`)));
    const [bus, device] = [await read('busnum'), await read('devnum')];
    const ids = {
      vendorId: parseInt((await read('idVendor')) ?? '', 16),
      productId: parseInt((await read('idProduct')) ?? '', 16),
    };
    const isProbe =
      knownProbe(ids)?.support.kind === 'served' ||
      [product, ...labels].some((label) => /CMSIS.DAP/i.test(label ?? ''));
    if (!isProbe || !bus || !device) continue;
    probes.push({ path, product, ids, node: `/dev/bus/usb/${bus.padStart(3, '0')}/${device.padStart(3, '0')}` });
  }
  return probes;
}
