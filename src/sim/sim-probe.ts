// A CMSIS-DAP probe to plug into the simulated bus: transports and packet queue, the firmware, a board behind it.

import type { Clock } from '../base/clock.js';
import { SimBoard, type SimBoardOptions } from './board/sim-board.js';
import { DapCommand } from './firmware/dap-command.js';
import { DapFirmware } from './firmware/dap-firmware.js';
import { probeInfo } from './firmware/probe-info.js';
import { PacketHooks, type PacketHook } from './firmware/packet-hooks.js';
import { PacketQueue, type Execution } from './packet-queue.js';
import { PacketTransports, type Packet, type Transport } from './packet-transports.js';
import { probeDescriptor, ProbeEndpoint, type SimTransports } from './probe-descriptor.js';
import type { AccessFault } from './target/access-faults.js';
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
  /** What goes wrong on the wire; accesses are counted from now on. */
  readonly faults?: readonly AccessFault[];
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

const SWO_BUFFER_BYTES = 4096;

export class SimProbe implements SimUsbDevice {
  readonly descriptor: SimDescriptor;
  readonly board: SimBoard;
  readonly uid: string;
  readonly packetSizeBytes: number;
  readonly packetCount: number;
  readonly #busTime: boolean;
  readonly #firmware: DapFirmware;
  readonly #hooks = new PacketHooks();
  readonly #transports: PacketTransports;
  readonly #queue: PacketQueue;
  readonly #hosts = new Map<number, Disposable>();
  #held: Packet[] | undefined;

  constructor(options: SimProbeOptions) {
    const { uid, clock, transports = 'both', quirks = {} } = options;
    this.uid = uid;
    this.packetSizeBytes = options.packetSizeBytes ?? (transports === 'v1' ? 64 : 512);
    this.packetCount = options.packetCount ?? 4;
    const bulkPacketSizeBytes = options.bulkPacketSizeBytes ?? (this.packetSizeBytes <= 64 ? 64 : 512);
    this.#busTime = quirks.busTime ?? false;
    this.board = new SimBoard(clock, options.board);
    for (const fault of options.faults ?? []) this.board.faults.inject(fault);
    this.descriptor = probeDescriptor({
      uid,
      transports,
      packetSizeBytes: this.packetSizeBytes,
      bulkPacketSizeBytes,
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
    this.#transports = new PacketTransports({
      transports: [
        ...(transports === 'v2' ? [] : (['hid'] as const)),
        ...(transports === 'v1' ? [] : (['bulk'] as const)),
      ],
      packetSizeBytes: this.packetSizeBytes,
      bulkPacketSizeBytes,
      hidOut: quirks.noHidOut === true ? ProbeEndpoint.Control : ProbeEndpoint.HidOut,
      needsZlp: quirks.needsZlp ?? true,
      fullPacketsOnly: quirks.fullPacketsOnly ?? false,
      violations: this.#firmware.violations,
      onPacket: (packet) => this.#receivePacket(packet),
    });
    this.#queue = new PacketQueue({
      clock,
      packetCount: this.packetCount,
      transports: this.#transports,
      execute: (command) => this.#execute(command),
      answer: (packet) => this.#answer(packet),
    });
    this.#firmware.state.swo.onStream = (bytes) => this.#transports.sendSwo(bytes);
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
    for (const packet of held) this.#transports.send(packet);
  }

  /** Leaves a packet in the probe for the next host that reads, as a client does that died between command and answer. */
  leaveStale(bytes: Uint8Array, transport = this.#preferred): void {
    this.#transports.send({ transport, bytes });
  }

  attached(port: SimUsbPort): void {
    this.#transports.attached(port);
    // The board takes its power from the probe.
    this.#firmware.powerUp();
    this.board.powerCycle();
  }

  detached(): void {
    this.#transports.detached();
    this.#queue.clear();
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
    return this.#queue.accepts;
  }

  receive(endpoint: number, data: Uint8Array): void {
    this.#transports.receive(endpoint, data);
  }

  taken(): void {
    this.#queue.pump();
  }

  get #preferred(): Transport {
    return this.descriptor.interfaces.at(-1)?.hidReports ? 'hid' : 'bulk';
  }

  #receivePacket(packet: Packet): void {
    const [id] = packet.bytes;
    this.#hooks.announce(id);
    // Not queued: it is to end the transfer that runs (USBD_User_CustomClass_0.c).
    if (id === DapCommand.TransferAbort) this.#firmware.execute(packet.bytes);
    else this.#queue.add(packet);
  }

  #execute(packet: Uint8Array): Execution {
    const hook = this.#hooks.take(packet[0]);
    const command = hook?.command ? hook.command(packet) : packet;
    const { connector } = this.board;
    const clocksBefore = connector.clocks;
    let answer = this.#firmware.execute(command);
    if (answer && hook?.answer) answer = hook.answer(answer, command);
    const { state } = this.#firmware;
    const busMs = this.#busTime ? ((connector.clocks - clocksBefore) / state.clockHz) * 1000 : 0;
    return { answer, busyMs: busMs + state.busyUs / 1000 };
  }

  #answer(packet: Packet): void {
    if (this.#held) this.#held.push(packet);
    else this.#transports.send(packet);
  }
}

/** @see SimProbe */
export function simCmsisDap(options: SimProbeOptions): SimProbe {
  return new SimProbe(options);
}
