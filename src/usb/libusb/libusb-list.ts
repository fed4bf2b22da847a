// libusb's list of devices, made whole where libusb has missed one.

import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { isHub } from './device-info.js';
import { placeOf, type DeviceSource } from './device-source.js';
import type { NativeDevice, NativeUsb } from './native.js';

export interface LibusbListOptions {
  readonly usb: NativeUsb;
  /** Starts libusb once more, beside the first. Its list of devices is made anew then. */
  readonly startAnew?: () => NativeUsb;
  readonly source: DeviceSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onAttach: () => void;
  readonly onDetach: (device: NativeDevice) => void;
}

/** How long libusb may not know of a device that the system shows: udevd may be slow, while a machine starts up. */
const MISSED_MS = 10_000;
/** What starting it anew costs (a thread) is never given back: not more often than this. */
const START_ANEW_MS = 60_000;

export class LibusbList {
  readonly #options: LibusbListOptions;
  #usb: NativeUsb;
  /** What the system shows and libusb does not know: since when. */
  #missed: ReadonlyMap<string, number> = new Map();
  /** What a libusb that was started anew for it did not know either. */
  #inVain: ReadonlySet<string> = new Set();
  #startedAnew = -Infinity;

  /** Listens for what comes and goes, as long as the process lives. */
  constructor(options: LibusbListOptions) {
    this.#options = options;
    this.#usb = options.usb;
    this.#listen();
  }

  /** Where the devices of the last `read` come from. */
  get usb(): NativeUsb {
    return this.#usb;
  }

  /** What is plugged in, without hubs. Empty where libusb does not work. */
  read(): readonly NativeDevice[] {
    if (this.#usb.INIT_ERROR !== 0) return [];
    const devices = this.#usb.getDeviceList();
    return (this.#mended(devices) ?? devices).filter((device) => !isHub(device));
  }

  #listen(): void {
    if (this.#usb.INIT_ERROR !== 0) return;
    const { onAttach, onDetach } = this.#options;
    this.#usb.on('attach', onAttach);
    this.#usb.on('detach', onDetach);
    // After the listeners: adding the first one starts what is to let the process end. They are never removed, for the
    // module may be posting an event in another thread while it is told to stop (usb 2.18.0, hotplug.cc).
    this.#usb.unrefHotplugEvents();
  }

  /**
   * libusb makes its list once and changes it by udev's events only: a device whose event got lost, while udevd did not
   * run for one, it will never know (libusb 1.0.30, linux_udev.c). A libusb that is started now does.
   *
   * @returns the list of the new one, if it was started
   */
  #mended(devices: readonly NativeDevice[]): readonly NativeDevice[] | undefined {
    const { clock, log, startAnew } = this.#options;
    const now = clock.now();
    const missed = this.#missedIn(devices);
    this.#inVain = new Set(missed.filter((place) => this.#inVain.has(place)));
    const hopeful = missed.filter((place) => !this.#inVain.has(place));
    this.#missed = new Map(hopeful.map((place) => [place, this.#missed.get(place) ?? now]));

    const overdue = hopeful.filter((place) => now - (this.#missed.get(place) ?? now) >= MISSED_MS);
    if (overdue.length === 0 || !startAnew || now - this.#startedAnew < START_ANEW_MS) return undefined;
    log.warn('libusb has missed devices and is started anew', { missed: overdue });
    this.#startedAnew = now;
    const usb = startAnew();
    if (usb.INIT_ERROR !== 0) return undefined;
    this.#usb = usb;
    this.#listen();
    const complete = usb.getDeviceList();
    const still = this.#missedIn(complete);
    this.#inVain = new Set([...this.#inVain, ...overdue.filter((place) => still.includes(place))]);
    return complete;
  }

  #missedIn(devices: readonly NativeDevice[]): readonly string[] {
    const listed = new Set(devices.map(placeOf));
    return this.#options.source.places().filter((place) => !listed.has(place));
  }
}
