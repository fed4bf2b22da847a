import { usbId, type UsbIds } from './probe-table.js';

/** Group and file that probed's packages use. */
const GROUP = 'probed';
const LOCAL_RULES = '/etc/udev/rules.d/70-probed-local.rules';

/**
 * The line of udev(7) that lets the daemon's group, and whoever sits at the machine, use a device. It goes into a file
 * whose name sorts before 73-seat-late.rules, where systemd reads the tag.
 */
export function udevRule(ids: UsbIds): string {
  const [vendor, product] = usbId(ids).split(':');
  const matches = `SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="${vendor}", ATTR{idProduct}=="${product}"`;
  return `${matches}, MODE="0660", GROUP="${GROUP}", TAG+="uaccess"`;
}

/** The command that adds that line to this machine's rules, and applies it to what is plugged in. */
export function udevRemedy(ids: UsbIds): string {
  const apply = 'sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=usb';
  return `echo '${udevRule(ids)}' | sudo tee -a ${LOCAL_RULES} && ${apply}`;
}
