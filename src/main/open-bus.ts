// The USB bus that is served. libusb and node-hid are loaded here and nowhere else.

import { createRequire } from 'node:module';
import path from 'node:path';
import { systemClock } from '../base/clock.js';
import { UnsupportedError } from '../base/errors.js';
import { holderOf } from '../base/file-holder.js';
import type { Logger } from '../base/logger.js';
import { machineFiles } from '../base/machine-files.js';
import type { Config } from '../config/config.js';
import { simulatedBus } from '../sim/simulated-bus.js';
import type { NativeHid } from '../usb/hid/native-hid.js';
import { openHid } from '../usb/hid/open-hid.js';
import { LibusbBus } from '../usb/libusb/libusb-bus.js';
import type { NativeUsb } from '../usb/libusb/native.js';
import { OpeningSource } from '../usb/libusb/opening-source.js';
import { SysfsSource } from '../usb/libusb/sysfs-source.js';
import type { UsbBus } from '../usb/usb-bus.js';

export interface BusOptions {
  readonly platform: string;
  readonly log: Logger;
}

/** The bus whose probes are served: the machine's own, unless there are simulated ones. */
export async function openBus({ simulate }: Config, { platform, log }: BusOptions): Promise<UsbBus> {
  if (simulate.length > 0) {
    return simulatedBus(
      simulate.map(({ options }) => options),
      systemClock,
    );
  }
  const isLinux = platform === 'linux';
  return LibusbBus.start({
    usb: await loadUsb(),
    startAnew,
    source: isLinux ? new SysfsSource() : new OpeningSource(),
    ...{ clock: systemClock, log, detachKernelDriver: isLinux },
    ...(isLinux ? { holderOf: describeHolder } : { openHid: (place) => openHid(loadHid, place, systemClock) }),
  });
}

/** Loaded only when it is needed: simulated probes do without libusb. */
async function loadUsb(): Promise<NativeUsb> {
  try {
    return (await import('usb')).usb;
  } catch (error) {
    throw new UnsupportedError('USB cannot be used (on Linux it takes the library libudev.so.1)', { cause: error });
  }
}

/** The same package once more: what is loaded again is initialised again, and has a libusb context of its own. */
function startAnew(): NativeUsb {
  const require = createRequire(import.meta.url);
  const folder = path.dirname(require.resolve('usb/package.json'));
  for (const file of Object.keys(require.cache))
    if (file.startsWith(folder + path.sep)) Reflect.deleteProperty(require.cache, file);
  return (require('usb') as { readonly usb: NativeUsb }).usb;
}

/** Loaded at the first use: on Linux never. */
async function loadHid(): Promise<NativeHid> {
  return import('node-hid');
}

/** Who has a device node open. Only root sees that of other users' programs. */
async function describeHolder(node: string): Promise<string> {
  const { holder } = await holderOf(machineFiles, (link) => link === node);
  return holder ? `held by ${holder.name}, pid ${holder.pid}` : `to see by whom: sudo fuser -v ${node}`;
}
