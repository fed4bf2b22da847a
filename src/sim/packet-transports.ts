// How packets travel between host and probe: reports over HID, bulk transfers cut into USB packets.

import { ProbeEndpoint } from './probe-descriptor.js';
import type { SimUsbPort } from './usb/sim-usb-device.js';

export type Transport = 'hid' | 'bulk';

/** A command or an answer, on the way it came or is to go. */
export interface Packet {
  readonly transport: Transport;
  readonly bytes: Uint8Array;
}

export interface PacketTransportsOptions {
  /** Those the probe has. */
  readonly transports: readonly Transport[];
  readonly packetSizeBytes: number;
  readonly bulkPacketSizeBytes: number;
  /** See `SimProbeQuirks`. */
  readonly needsZlp: boolean;
  /** Where reports come in: a HID device without an OUT endpoint takes them as control transfers (HID 1.11, 7.2.2). */
  readonly hidOut: number;
  readonly fullPacketsOnly: boolean;
  /** Where to say what a host did that the specification forbids. */
  readonly violations: string[];
  /** A command has come; its bytes are valid during the call. */
  readonly onPacket: (packet: Packet) => void;
}

const EMPTY = new Uint8Array();

const IN = { hid: ProbeEndpoint.HidIn, bulk: ProbeEndpoint.BulkIn } as const;

export class PacketTransports {
  readonly #options: PacketTransportsOptions;
  #port: SimUsbPort | undefined;
  /** The part of a bulk command that has come so far. */
  #partial: Uint8Array = EMPTY;

  constructor(options: PacketTransportsOptions) {
    this.#options = options;
  }

  attached(port: SimUsbPort): void {
    this.#port = port;
  }

  detached(): void {
    this.#port = undefined;
    this.#partial = EMPTY;
  }

  /** One OUT transfer. `data` is valid during the call. */
  receive(endpoint: number, data: Uint8Array): void {
    if (endpoint === this.#options.hidOut) this.#receiveReport(data);
    else this.#receiveBulk(data);
  }

  send({ transport, bytes }: Packet): void {
    const { packetSizeBytes } = this.#options;
    if (transport === 'bulk') {
      this.#port?.send(IN.bulk, bytes, { endWithZlp: bytes.length < packetSizeBytes });
      return;
    }
    // A report has its full length whatever is in it; one cut or prolonged by a hook goes out as it is.
    this.#port?.send(IN.hid, bytes.length < packetSizeBytes ? padded(bytes, packetSizeBytes) : bytes);
  }

  sendSwo(bytes: Uint8Array): void {
    this.#port?.send(ProbeEndpoint.SwoIn, bytes, { endWithZlp: true });
  }

  /** Answers that the host has not fetched. */
  backlog(transport: Transport): number {
    return this.#port?.backlog(IN[transport]) ?? 0;
  }

  /** Commands are taken again. */
  resume(): void {
    const { transports, hidOut } = this.#options;
    for (const transport of transports) this.#port?.resume(transport === 'hid' ? hidOut : ProbeEndpoint.BulkOut);
  }

  #receiveReport(report: Uint8Array): void {
    const { packetSizeBytes, violations, onPacket } = this.#options;
    if (report.length === packetSizeBytes) onPacket({ transport: 'hid', bytes: report });
    else violations.push(`a report of ${report.length} bytes where ${packetSizeBytes} make one`);
  }

  /** USB 2.0, 5.8.3: a short packet, or all that was expected, ends a bulk transfer; nothing else does. */
  #receiveBulk(data: Uint8Array): void {
    const { packetSizeBytes, bulkPacketSizeBytes, needsZlp, fullPacketsOnly, violations, onPacket } = this.#options;
    const whole = this.#partial.length === 0 ? data : concat(this.#partial, data);
    const short = data.length === 0 || data.length % bulkPacketSizeBytes !== 0;
    if (whole.length < packetSizeBytes && needsZlp && !short) {
      this.#partial = whole.slice();
      return;
    }
    this.#partial = EMPTY;
    if (whole.length > packetSizeBytes)
      violations.push(`a command of ${whole.length} bytes where ${packetSizeBytes} are the limit`);
    if (whole.length === 0 || (fullPacketsOnly && whole.length < packetSizeBytes)) return;
    onPacket({ transport: 'bulk', bytes: whole.length > packetSizeBytes ? whole.subarray(0, packetSizeBytes) : whole });
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function padded(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const report = new Uint8Array(sizeBytes);
  report.set(bytes);
  return report;
}
