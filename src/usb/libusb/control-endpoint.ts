import type { Attachment } from './attachment.js';
import type { NativeEndpoint, NativeError, NativeTransfer, TransferCallback } from './native.js';

/** libusb.h, LIBUSB_TRANSFER_TYPE_CONTROL. */
const TYPE_CONTROL = 0;

/** bmRequestType, bRequest and the high byte of wValue: HID 1.11, 7.2.2. */
const ControlRequest = { CLASS_TO_INTERFACE: 0x21, HID_SET_REPORT: 0x09, OUTPUT_REPORT: 0x02 } as const;

/**
 * Endpoint 0, to be used like the others. Not `Device.controlTransfer` of npm `usb`: what that starts cannot be
 * cancelled, and ends by libusb's own timeout only.
 */
export class ControlEndpoint implements NativeEndpoint {
  readonly address = 0;

  constructor(private readonly attachment: Attachment) {}

  makeTransfer(timeoutMs: number, callback: TransferCallback): NativeTransfer {
    const { usb, device } = this.attachment;
    return new usb.Transfer(device as never, this.address, TYPE_CONTROL, timeoutMs, callback);
  }

  /** A STALL here ends with the next request: USB 2.0, 8.5.3.4. */
  clearHalt(callback: (error: NativeError | undefined) => void): void {
    callback(undefined);
  }
}

/** The setup packet (USB 2.0, 9.3) and the data of a SET_REPORT for an output report without id. */
export function setReportRequest(interfaceNumber: number, report: Uint8Array): Buffer {
  const setup = Buffer.alloc(8);
  setup.set([ControlRequest.CLASS_TO_INTERFACE, ControlRequest.HID_SET_REPORT, 0, ControlRequest.OUTPUT_REPORT]);
  setup.writeUInt16LE(interfaceNumber, 4);
  setup.writeUInt16LE(report.length, 6);
  return Buffer.concat([setup, report]);
}
