// packaging/systemd/60-probed.rules, out of the table of probes.

import { type KnownProbe, probeTable } from '../../src/usb/probe-table.js';
import { hex16 } from '../../src/base/hex.js';

/** Who may open probes, what else must leave them alone, and what starts when one is plugged in. */
export function udevRules(): string {
  return `# USB debug probes for probed: udev(7). Written by scripts/packaging-pages.ts out of the daemon's table of probes.
# A probe that is missing here: "probectl doctor" prints the line for it.

# Not only "add": at every later event, such as "bind", udev forgets what no rule says again.
ACTION=="remove", GOTO="probed_end"
SUBSYSTEM!="usb|hidraw", GOTO="probed_end"
SUBSYSTEM=="usb", ENV{DEVTYPE}!="usb_device", GOTO="probed_end"

# By its product name: CMSIS-DAP 2.1.2, "Connect and enumeration of debug units". Names in interfaces are out of reach
# here, since it is the whole device that is opened.
ATTRS{product}=="${PRODUCT_GLOB}", ENV{ID_DEBUG_PROBE}="1"

# By its ids, for those whose product name does not say it.
${probeTable
  .filter(({ support }) => support.kind !== 'not-served')
  .map(idRule)
  .join('\n')}

ENV{ID_DEBUG_PROBE}!="1", GOTO="probed_end"
# The daemon and the members of its group; nobody else.
GROUP="probed", MODE="0660"
# The first probe starts the daemon. ModemManager would send AT commands to a probe's serial port.
SUBSYSTEM=="usb", TAG+="systemd", ENV{SYSTEMD_WANTS}+="probed.service", ENV{ID_MM_DEVICE_IGNORE}="1"

LABEL="probed_end"
`;
}

/** As /CMSIS.DAP/i, with which the daemon recognises names. */
const PRODUCT_GLOB = '*[Cc][Mm][Ss][Ii][Ss]?[Dd][Aa][Pp]*';

/** Of a device or, for hidraw, of what it belongs to. Both must be of the same device: udev(7), ATTRS. */
function idRule({ vendorId, productIds, name }: KnownProbe): string {
  const products = productIds.map(hex16).sort().join('|');
  return `# ${name}\nATTRS{idVendor}=="${hex16(vendorId)}", ATTRS{idProduct}=="${products}", ENV{ID_DEBUG_PROBE}="1"`;
}
