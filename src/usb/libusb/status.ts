// libusb's codes -> what our drivers know. libusb 1.0, libusb.h: enum libusb_transfer_status, enum libusb_error.

import { UsbError, type UsbErrorKind } from '../usb-error.js';

/** A transfer that was cancelled; only we cancel. */
export const TRANSFER_CANCELLED = 3;

interface Meaning {
  readonly kind: UsbErrorKind;
  readonly text: string;
}

const meanings: Readonly<Record<number, Meaning>> = {
  1: { kind: 'io', text: 'the transfer failed' }, // TRANSFER_ERROR: no answer, a broken one, or no device any more
  2: { kind: 'timeout', text: 'the transfer timed out' },
  [TRANSFER_CANCELLED]: { kind: 'io', text: 'the transfer was cancelled' },
  4: { kind: 'stall', text: 'the endpoint is halted' },
  5: { kind: 'gone', text: 'the device left the bus' },
  6: { kind: 'overflow', text: 'the device sent more than was asked for' },
  [-1]: { kind: 'io', text: 'input/output error' },
  [-2]: { kind: 'io', text: 'invalid parameter' },
  [-3]: { kind: 'access', text: 'no permission' },
  [-4]: { kind: 'gone', text: 'the device left the bus' },
  [-5]: { kind: 'io', text: 'not found' },
  [-6]: { kind: 'busy', text: 'another program has it' },
  [-7]: { kind: 'timeout', text: 'timed out' },
  [-8]: { kind: 'overflow', text: 'the device sent more than was asked for' },
  [-9]: { kind: 'stall', text: 'the endpoint is halted' }, // ERROR_PIPE
  [-10]: { kind: 'io', text: 'interrupted by a signal' },
  [-11]: { kind: 'io', text: 'the system has no memory for it' },
  [-12]: { kind: 'io', text: 'not supported by the system' },
  [-99]: { kind: 'io', text: 'an error libusb has no name for' },
};

/** @param doing  what was tried, to begin the message with */
export function usbErrorOf(error: unknown, doing: string): UsbError {
  const errno: unknown = error instanceof Error ? Reflect.get(error, 'errno') : undefined;
  const meaning = typeof errno === 'number' ? meanings[errno] : undefined;
  if (!meaning) return new UsbError('io', doing, { cause: error });
  return new UsbError(meaning.kind, `${doing}: ${meaning.text} (libusb ${String(errno)})`);
}

/** Whether it also comes shortly before the system notices that the device has left. */
export function isAmbiguous({ kind }: UsbError): boolean {
  return kind === 'io' || kind === 'stall';
}
