import type { UsbDeviceInfo } from '../../usb/usb-bus.js';
import type { ProbeWarning } from '../probe-driver.js';

/** What some probes need and others do not. */
export interface Quirks {
  /** The clock falls back to the probe's default after a SWJ sequence, so it is sent again. */
  readonly losesClockAfterSequence: boolean;
  /** SWJ sequences have no effect unless DAP_Disconnect and DAP_Connect come before them. */
  readonly needsReconnectBeforeSequence: boolean;
  /** HID report size, where the system does not tell and wMaxPacketSize misleads. */
  readonly reportSizeBytes?: number;
  /** It loses or mixes up packets that follow each other closely: one at a time, whatever it says it can hold. */
  readonly onePacketAtATime: boolean;
  readonly warning?: ProbeWarning;
}

const MICROCHIP = 0x03eb;
/** Probes with reports of 512 bytes (OpenOCD, cmsis_dap_usb_hid.c: report_size_quirks). */
const microchipLongReports = new Set([0x2111, 0x2140, 0x2141, 0x2144, 0x2157, 0x2169, 0x216a, 0x2170]);

const oldDebugprobe: ProbeWarning = {
  what: 'its firmware may lose data',
  remedy: 'update debugprobe to 2.2.0 or later (github.com/raspberrypi/debugprobe, Releases)',
};

/** From descriptors alone: needed before the first packet. */
export function quirksOf({ vendorId, productId, deviceVersion, product }: UsbDeviceInfo): Quirks {
  // EDBG and Keil ULINK-ME as found by OpenOCD (cmsis_dap.c, cmsis_dap_swd_switch_seq).
  const isEdbg = vendorId === MICROCHIP;
  const isUlinkMe = /ULINK-?ME/i.test(product ?? '');
  // debugprobe before 2.2.0 loses data when packets follow each other closely (raspberrypi/debugprobe issue 46).
  const isOldDebugprobe = vendorId === 0x2e8a && productId === 0x000c && deviceVersion < 0x0220;
  return {
    losesClockAfterSequence: isEdbg,
    needsReconnectBeforeSequence: isEdbg || isUlinkMe,
    ...(isEdbg && microchipLongReports.has(productId) ? { reportSizeBytes: 512 } : {}),
    onePacketAtATime: isOldDebugprobe,
    ...(isOldDebugprobe ? { warning: oldDebugprobe } : {}),
  };
}
