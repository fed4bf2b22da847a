import type { UsbInterfaceInfo } from './usb-bus.js';

// Main items, and global items that set what the next main items are made of. HID 1.11, 6.2.2.
const INPUT = 0x80;
const OUTPUT = 0x90;
const REPORT_SIZE = 0x74;
const REPORT_ID = 0x84;
const REPORT_COUNT = 0x94;
const PUSH = 0xa4;
const POP = 0xb4;
const LONG_ITEM = 0xfe;

/**
 * Reads out of a HID report descriptor how long the longest input and output reports are, in bytes, without report id.
 *
 * @returns undefined if there is no report of one of the directions, or the descriptor is cut short
 */
export function hidReportSizes(descriptor: Uint8Array): UsbInterfaceInfo['hidReports'] {
  const bits = { input: new Map<number, number>(), output: new Map<number, number>() };
  const stack: { sizeBits: number; count: number; id: number }[] = [];
  let state = { sizeBits: 0, count: 0, id: 0 };
  for (let at = 0; at < descriptor.length;) {
    const prefix = descriptor[at];
    if (prefix === LONG_ITEM) {
      at += 3 + (descriptor.at(at + 1) ?? 0);
      continue;
    }
    const length = [0, 1, 2, 4][prefix & 3];
    if (at + 1 + length > descriptor.length) return undefined;
    const value = littleEndian(descriptor.subarray(at + 1, at + 1 + length));
    at += 1 + length;
    const add = (reports: Map<number, number>): unknown =>
      reports.set(state.id, (reports.get(state.id) ?? 0) + state.sizeBits * state.count);
    switch (prefix & ~3) {
      case INPUT:
        add(bits.input);
        break;
      case OUTPUT:
        add(bits.output);
        break;
      case REPORT_SIZE:
        state.sizeBits = value;
        break;
      case REPORT_COUNT:
        state.count = value;
        break;
      case REPORT_ID:
        state.id = value;
        break;
      case PUSH:
        stack.push({ ...state });
        break;
      case POP:
        state = stack.pop() ?? state;
        break;
    }
  }
  const inputSizeBytes = longest(bits.input);
  const outputSizeBytes = longest(bits.output);
  return inputSizeBytes > 0 && outputSizeBytes > 0 ? { inputSizeBytes, outputSizeBytes } : undefined;
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

function longest(reports: ReadonlyMap<number, number>): number {
  return Math.ceil(Math.max(0, ...reports.values()) / 8);
}
