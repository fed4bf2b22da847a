// A CMSIS-DAP probe to plug into the simulated bus: packet queue and transports in front of the firmware.

import type { Clock } from '../base/clock.js';
import { SimBoard, type SimBoardOptions } from './board/sim-board.js';
import { DapCommand } from './firmware/dap-command.js';
import { DapFirmware } from './firmware/dap-firmware.js';
import { probeInfo } from './firmware/probe-info.js';
import { PacketHooks, type PacketHook } from './firmware/packet-hooks.js';
import { probeDescriptor, ProbeEndpoint, type SimTransports } from './probe-descriptor.js';
import type { SimDescriptor, SimUsbDevice, SimUsbPort } from './usb/sim-usb-device.js';

export interface SimProbeOptions {
  /** Serial number. */
  readonly uid: string;
  readonly clock: Clock;
  /** v1 over HID, v2 over bulk endpoints. Default both. */
  readonly transports?: SimTransports;
  /** DAP_Info 0xFF, 64 … 1024. Default 512; 64 if there is v1 alone. */
  readonly packetSizeBytes?: number;
  /** DAP_Info 0xFE, 1 … 255: commands that may be on their way. Default 4. */
  readonly packetCount?: number;
  /** wMaxPacketSize of the bulk endpoints; default 64 for packets of 64 bytes, else 512. */
  readonly bulkPacketSizeBytes?: number;
  readonly board?: SimBoardOptions;
  /** Answers of DAP_Info by id, in place of those of a well-behaved probe; null: absent (length 0). */
  readonly info?: Readonly<Record<number, string | Uint8Array | null>>;
  readonly quirks?: SimProbeQuirks;
}

/** What some probes do. A single wrong answer is a matter for `interceptNext`. */
export interface SimProbeQuirks {
  /** Commands shorter than a packet are ignored: the host has to pad them. */
  readonly fullPacketsOnly?: boolean;
  /**
   * A bulk command ends with a short packet or at the packet size; without its zero-length packet one that is a
   * multiple of wMaxPacketSize is still being waited for. Default true, as USB has it; false: each transfer is a command.
   */
  readonly needsZlp?: boolean;
  /** Clock and transfer configuration are lost after this. */
  readonly forgetsClockOn?: 'connect' | 'swj-sequence';
  /** No OUT endpoint for HID: reports come over endpoint 0. */
  readonly noHidOut?: boolean;
  /** Executes no more transfers than this of one DAP_Transfer, and says OK. */
  readonly maxTransfers?: number;
  /** DAP_ResetTarget does nothing, and says so. */
  readonly noResetTarget?: boolean;
  /** Timestamps. Hz of the counter. */
  readonly timestampClockHz?: number;
  /** Answers come when SWCLK would have been through with the packet. Default: at once. */
  readonly busTime?: boolean;
}

type Transport = 'hid' | 'bulk';

interface Packet {
  readonly transport: Transport;
  readonly bytes: Uint8Array;
}

const SWO_BUFFER_BYTES = 4096;

export class SimProbe implements SimUsbDevice {
  readonly descriptor: SimDescriptor;
  readonly board: SimBoard;
  readonly uid: string;
  readonly packetSizeBytes: number;
  readonly packetCount: number;
  readonly #bulkPacketSizeBytes: number;
  readonly #clock: Clock;
  readonly #quirks: SimProbeQuirks;
  readonly #firmware: DapFirmware;
  readonly #hooks = new PacketHooks();
  readonly #queue: Packet[] = [];
  readonly #hosts = new Map<number, Disposable>();
  #port: SimUsbPort | undefined;
  /** The part of a bulk command that has come so far. */
  #partial: Uint8Array = new Uint8Array();
  /** Until a delay or the bus time of the last packet is over. */
  #busy: Disposable | undefined;
  #held: Packet[] | undefined;

  constructor(options: SimProbeOptions) {
    const { uid, clock, transports = 'both', quirks = {} } = options;
    this.uid = uid;
    this.packetSizeBytes = options.packetSizeBytes ?? (transports === 'v1' ? 64 : 512);
    this.packetCount = options.packetCount ?? 4;
    this.#bulkPacketSizeBytes = options.bulkPacketSizeBytes ?? (this.packetSizeBytes <= 64 ? 64 : 512);
    this.#clock = clock;
    this.#quirks = quirks;
    this.board = new SimBoard(clock, options.board);
    this.descriptor = probeDescriptor({
      uid,
      transports,
      packetSizeBytes: this.packetSizeBytes,
      bulkPacketSizeBytes: this.#bulkPacketSizeBytes,
      swoStream: transports !== 'v1',
      hidOut: !quirks.noHidOut,
    });
    this.#firmware = new DapFirmware({
      connector: this.board.connector,
      info: probeInfo({
        uid,
        stream: transports !== 'v1',
        packetSizeBytes: this.packetSizeBytes,
        packetCount: this.packetCount,
        timestampClockHz: quirks.timestampClockHz ?? 0,
        swoBufferSizeBytes: SWO_BUFFER_BYTES,
        overrides: options.info ?? {},
      }),
      packetSizeBytes: this.packetSizeBytes,
      resetTarget: !quirks.noResetTarget,
      timestampClockHz: quirks.timestampClockHz ?? 0,
      forgetsClockOn: quirks.forgetsClockOn,
      maxTransfers: quirks.maxTransfers ?? Infinity,
      swoBufferSizeBytes: SWO_BUFFER_BYTES,
    });
    this.board.onTrace = (bytes) => this.injectSwo(bytes);
    this.#firmware.state.swo.onStream = (bytes) => this.#port?.send(ProbeEndpoint.SwoIn, bytes, { endWithZlp: true });
  }

  /** What a host did that the specification forbids, in words. */
  get violations(): readonly string[] {
    return this.#firmware.violations;
  }

  /** SWCLK as the host has set it. */
  get clockHz(): number {
    return this.#firmware.state.clockHz;
  }

  /** Bytes arrive at the SWO pin. */
  injectSwo(bytes: Uint8Array): void {
    this.#firmware.state.swo.receive(bytes);
  }

  /** Takes a hand in the next such command. */
  interceptNext(commandId: number | 'any', hook: PacketHook): Disposable {
    return this.#hooks.add(commandId, hook, true);
  }

  /** Takes a hand in every such command until the result is disposed. */
  onCommand(commandId: number | 'any', hook: PacketHook): Disposable {
    return this.#hooks.add(commandId, hook, false);
  }

  /** Resolves when the next such command arrives at the probe. */
  received(commandId: number): Promise<void> {
    return this.#hooks.received(commandId);
  }

  /** Commands are executed, their answers wait for `releaseAnswers`. */
  holdAnswers(): void {
    this.#held ??= [];
  }

  releaseAnswers(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { transport, bytes } of held) this.#send(transport, bytes);
  }

  /** Leaves a packet in the probe for the next host that reads, as a client does that died between command and answer. */
  leaveStale(bytes: Uint8Array, transport = this.#preferred): void {
    this.#send(transport, bytes);
  }

  attached(port: SimUsbPort): void {
    this.#port = port;
    // The board takes its power from the probe.
    this.#firmware.powerUp();
    this.board.powerCycle();
  }

  detached(): void {
    this.#port = undefined;
    this.#queue.length = 0;
    this.#partial = new Uint8Array();
    this.#busy?.[Symbol.dispose]();
    this.#busy = undefined;
    if (this.#held) this.#held = [];
    for (const host of this.#hosts.values()) host[Symbol.dispose]();
    this.#hosts.clear();
  }

  claimed(interfaceNumber: number): void {
    this.#hosts.set(interfaceNumber, this.board.attachHost());
  }

  released(interfaceNumber: number): void {
    this.#hosts.get(interfaceNumber)?.[Symbol.dispose]();
    this.#hosts.delete(interfaceNumber);
  }

  accepts(): boolean {
    return this.#queue.length < this.packetCount;
  }

  receive(endpoint: number, data: Uint8Array): void {
    if (endpoint === ProbeEndpoint.HidOut || endpoint === ProbeEndpoint.Control) this.#receiveReport(data);
    else this.#receiveBulk(data);
  }

  taken(): void {
    if (this.#queue.length > 0) this.#pump();
  }

  get #hidOut(): number {
    return this.#quirks.noHidOut ? ProbeEndpoint.Control : ProbeEndpoint.HidOut;
  }

  get #preferred(): Transport {
    return this.descriptor.interfaces.at(-1)?.hidReports ? 'hid' : 'bulk';
  }

  #receiveReport(report: Uint8Array): void {
    if (report.length === this.packetSizeBytes) this.#receivePacket('hid', report);
    else this.#firmware.violations.push(`a report of ${report.length} bytes where ${this.packetSizeBytes} make one`);
  }

  /** USB 2.0, 5.8.3: a short packet, or all that was expected, ends a bulk transfer; nothing else does. */
  #receiveBulk(data: Uint8Array): void {
    const whole = this.#partial.length === 0 ? data : concat(this.#partial, data);
    const { needsZlp = true, fullPacketsOnly = false } = this.#quirks;
    const short = data.length === 0 || data.length % this.#bulkPacketSizeBytes !== 0;
    if (whole.length < this.packetSizeBytes && needsZlp && !short) {
      this.#partial = whole.slice();
      return;
    }
    this.#partial = new Uint8Array();
    if (whole.length > this.packetSizeBytes)
      this.#firmware.violations.push(`a command of ${whole.length} bytes where ${this.packetSizeBytes} are the limit`);
    if (whole.length === 0 || (fullPacketsOnly && whole.length < this.packetSizeBytes)) return;
    this.#receivePacket('bulk', whole.subarray(0, this.packetSizeBytes));
  }

  #receivePacket(transport: Transport, bytes: Uint8Array): void {
    const [id] = bytes;
    this.#hooks.announce(id);
    // Not queued: it is to end the transfer that runs (USBD_User_CustomClass_0.c).
    if (id === DapCommand.TransferAbort) this.#firmware.execute(bytes);
    else if (this.#queue.length === 0 && this.#canExecute(transport, id)) this.#execute(transport, bytes);
    else {
      this.#queue.push({ transport, bytes: bytes.slice() });
      this.#pump();
    }
  }

  /** Executes what waits, in order, as far as it goes. */
  #pump(): void {
    for (let packet = this.#queue.at(0); packet; packet = this.#queue.at(0)) {
      const ready =
        this.#canExecute(packet.transport, packet.bytes[0]) ||
        (!this.#blocked(packet.transport) && this.#queueClosed());
      if (!ready) return;
      this.#queue.shift();
      this.#execute(packet.transport, packet.bytes);
      this.#port?.resume(packet.transport === 'hid' ? this.#hidOut : ProbeEndpoint.BulkOut);
    }
  }

  #canExecute(transport: Transport, commandId: number): boolean {
    return commandId !== DapCommand.QueueCommands && !this.#blocked(transport);
  }

  /** A delay runs, or the answers nobody has read fill the buffers. */
  #blocked(transport: Transport): boolean {
    if (this.#busy) return true;
    const unread = this.#port?.backlog(transport === 'hid' ? ProbeEndpoint.HidIn : ProbeEndpoint.BulkIn) ?? 0;
    return unread >= this.packetCount;
  }

  /** Packets of DAP_QueueCommands wait for one that is none; a full buffer ends the waiting too. */
  #queueClosed(): boolean {
    return (
      this.#queue.length >= this.packetCount || this.#queue.some(({ bytes }) => bytes[0] !== DapCommand.QueueCommands)
    );
  }

  #execute(transport: Transport, packet: Uint8Array): void {
    const hook = this.#hooks.take(packet[0]);
    const command = hook?.command ? hook.command(packet) : packet;
    const { connector } = this.board;
    const clocksBefore = connector.clocks;
    let answer = this.#firmware.execute(command);
    if (answer && hook?.answer) answer = hook.answer(answer, command);
    const { state } = this.#firmware;
    const busMs = this.#quirks.busTime ? ((connector.clocks - clocksBefore) / state.clockHz) * 1000 : 0;
    const ms = busMs + state.busyUs / 1000;
    if (ms <= 0) {
      if (answer) this.#answer(transport, answer);
      return;
    }
    this.#busy = this.#clock.timer(ms, () => {
      this.#busy = undefined;
      if (answer) this.#answer(transport, answer);
      this.#pump();
    });
  }

  #answer(transport: Transport, bytes: Uint8Array): void {
    if (this.#held) this.#held.push({ transport, bytes });
    else this.#send(transport, bytes);
  }

  #send(transport: Transport, bytes: Uint8Array): void {
    if (transport === 'bulk') {
      this.#port?.send(ProbeEndpoint.BulkIn, bytes, { endWithZlp: bytes.length < this.packetSizeBytes });
      return;
    }
    // A report has its full length whatever is in it; one cut or prolonged by a hook goes out as it is.
    const report = bytes.length < this.packetSizeBytes ? padded(bytes, this.packetSizeBytes) : bytes;
    this.#port?.send(ProbeEndpoint.HidIn, report);
  }
}

/** @see SimProbe */
export function simCmsisDap(options: SimProbeOptions): SimProbe {
  return new SimProbe(options);
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
