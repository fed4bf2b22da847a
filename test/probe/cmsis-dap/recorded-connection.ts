import type { UsbConnection } from '../../../src/usb/usb-bus.js';
import { toHex } from '../scripted-usb.js';

/** A connection that does everything at once, and a line for each transfer. */
export function recordedConnection(): { readonly connection: UsbConnection; readonly transfers: readonly string[] } {
  const transfers: string[] = [];
  const connection: UsbConnection = {
    gone: new AbortController().signal,
    transferOut: async (endpoint, data) => void transfers.push(`out ${endpoint.toString(16)}: ${toHex(data)}`),
    setReport: async (report) => void transfers.push(`report: ${toHex(report)}`),
    transferIn: async (endpoint, lengthBytes) => {
      transfers.push(`in ${endpoint.toString(16)}: ${lengthBytes}`);
      return new Uint8Array();
    },
    [Symbol.asyncDispose]: async () => void transfers.push('closed'),
  };
  return { connection, transfers };
}
