// Endpoint 0: the standard requests of USB 2.0, chapter 9, and those of HID that every host sends.

import type { Descriptors } from './descriptors.js';
import type { ControlRequest } from './guest-message.js';

/** Data of a device-to-host request, 'done' for one without, 'stall' for one the device does not know. */
export type ControlOutcome = Uint8Array | 'done' | 'stall';

/** bmRequestType without its direction: type and recipient. */
const Recipient = { Device: 0x00, Interface: 0x01, Endpoint: 0x02, HidInterface: 0x21 };
const DEVICE_TO_HOST = 0x80;
const Request = { GetStatus: 0, ClearFeature: 1, SetFeature: 3, GetDescriptor: 6 };
const HidRequest = { SetReport: 0x09, SetIdle: 0x0a, SetProtocol: 0x0b };
const ENDPOINT_HALT = 0;

export interface ControlActions {
  isHalted(endpoint: number): boolean;
  clearHalt(endpoint: number): void;
}

/** An output report comes with it, which the device answers when it has taken it. HID 1.11, 7.2.2. */
export function isSetReport({ requestType, request }: ControlRequest): boolean {
  return requestType === Recipient.HidInterface && request === HidRequest.SetReport;
}

export function answerControl(
  { requestType, request, value, index, length }: ControlRequest,
  descriptors: Descriptors,
  actions: ControlActions,
): ControlOutcome {
  const recipient = requestType & ~DEVICE_TO_HOST;
  if (recipient === Recipient.HidInterface) {
    return request === HidRequest.SetIdle || request === HidRequest.SetProtocol ? 'done' : 'stall';
  }
  switch (request) {
    case Request.GetDescriptor:
      return descriptors.get(value, index)?.subarray(0, length) ?? 'stall';
    case Request.GetStatus:
      return Buffer.of(recipient === Recipient.Endpoint && actions.isHalted(index) ? 1 : 0, 0).subarray(0, length);
    case Request.ClearFeature:
      if (recipient === Recipient.Endpoint && value === ENDPOINT_HALT) actions.clearHalt(index);
      return 'done';
    case Request.SetFeature: // remote wake-up, which a probe does not do
      return 'done';
    default:
      return 'stall';
  }
}
