import { never } from '../../base/never.js';
import type { Clock } from '../../base/clock.js';
import { describeError, RequestError, UnsupportedError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { runAll } from '../../base/run-all.js';
import type { BitString } from '../../dap/bit-string.js';
import { DP, type DpAddress } from '../../dap/registers.js';
import type { RequestedProtocol, WireProtocol } from '../../dap/wire-protocol.js';
import type {
  JtagPort,
  JtagSequence,
  PostingDapPort,
  Probe,
  ProbeIdentity,
  SwdPort,
  SwdSequence,
  SwoPort,
} from '../probe.js';
import { targetSelPieces } from '../target-sel.js';
import type { FixedReplyCommand } from './commands/command.js';
import { connect } from './commands/connect.js';
import { disconnect } from './commands/disconnect.js';
import { executeCommands } from './commands/execute-commands.js';
import { Capability } from './commands/info.js';
import { jtagConfigure } from './commands/jtag-configure.js';
import { jtagSequence } from './commands/jtag-sequence.js';
import { swdConfigure } from './commands/swd-configure.js';
import { swdSequence, swdSequencePackets } from './commands/swd-sequence.js';
import { swjClock } from './commands/swj-clock.js';
import { swjSequence } from './commands/swj-sequence.js';
import { SwoMode } from './commands/swo-mode.js';
import { transferConfigure } from './commands/transfer-configure.js';
import type { PacketExchange } from './packet-exchange.js';
import type { ProbeInfo } from './probe-info.js';
import type { Quirks } from './quirks.js';
import { ResetLine } from './reset-line.js';
import { SwoCapture } from './swo-capture.js';
import { TransferQueue } from './transfer-queue.js';

/** pyOCD's values: they suit slow targets, and give up within milliseconds at usual clocks. */
const IDLE_CYCLES = 2;
const WAIT_RETRIES = 150;
const DEFAULT_FREQUENCY_HZ = 1_000_000;
/** One TAP with an IR of 4 bits, as Arm's JTAG-DP has; longer chains are not supported by clients either. */
const IR_LENGTHS = [4];

export interface CmsisDapProbeOptions {
  readonly identity: ProbeIdentity;
  readonly info: ProbeInfo;
  readonly quirks: Quirks;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether a write may return before it was executed. */
  readonly postsWrites: boolean;
}

/** A CMSIS-DAP probe, opened. */
export class CmsisDapProbe implements Probe {
  readonly identity: ProbeIdentity;
  readonly details: Probe['details'];
  readonly wireProtocols: readonly WireProtocol[];
  readonly initialClockHz = DEFAULT_FREQUENCY_HZ;
  readonly dap: PostingDapPort;
  readonly swd?: SwdPort;
  readonly jtag?: JtagPort;
  readonly swo?: SwoPort;

  readonly #exchange: PacketExchange;
  readonly #queue: TransferQueue;
  readonly #quirks: Quirks;
  readonly #log: Logger;
  readonly #reset: ResetLine;
  readonly #packetSizeBytes: number;
  #hasAtomicCommands: boolean;
  #frequencyHz: number = this.initialClockHz;
  #protocol: WireProtocol | undefined;
  /** No register was accessed since the last SWJ sequence: the next one continues it. */
  #isInSequence = false;

  /** @param exchange  in step with the probe; closed with this */
  constructor(exchange: PacketExchange, { identity, info, quirks, clock, log, postsWrites }: CmsisDapProbeOptions) {
    this.identity = identity;
    this.#exchange = exchange;
    this.#quirks = quirks;
    this.#log = log;
    this.#packetSizeBytes = info.packetSizeBytes;
    this.#reset = new ResetLine(exchange);
    this.#queue = new TransferQueue(exchange, { ...info, postsWrites, log, timing: this.#timing });

    const can = (capability: number): boolean => (info.capabilities & capability) !== 0;
    this.#hasAtomicCommands = can(Capability.AtomicCommands);
    this.wireProtocols = [
      ...(can(Capability.Swd) ? (['SWD'] as const) : []),
      ...(can(Capability.Jtag) ? (['JTAG'] as const) : []),
    ];
    this.details = detailsOf(info, exchange.pipe.version);
    this.dap = this.#dapPort();
    if (can(Capability.Swd) && info.hasSwdSequence) {
      this.swd = { sequence: (pieces, signal) => this.#swdSequence(pieces, signal) };
    }
    if (can(Capability.Jtag)) this.jtag = { sequence: (sequence, signal) => this.#jtagSequence(sequence, signal) };
    if (can(Capability.SwoUart | Capability.SwoManchester) && info.swoBufferSizeBytes > 0) {
      this.swo = new SwoCapture(exchange, {
        mode: can(Capability.SwoUart) ? SwoMode.Uart : SwoMode.Manchester,
        canStream: can(Capability.SwoStreaming) && exchange.pipe.swoStream !== undefined,
        bufferSizeBytes: info.swoBufferSizeBytes,
        clock,
        log,
      });
    }
  }

  get gone(): AbortSignal {
    return this.#exchange.pipe.gone; // the same for every pipe of an attachment
  }

  async connect(requested: RequestedProtocol, signal: AbortSignal): Promise<WireProtocol> {
    const protocol = requested === 'DEFAULT' ? this.wireProtocols[0] : requested;
    if (!this.wireProtocols.includes(protocol)) throw new UnsupportedError(`the probe has no ${protocol}`);
    await this.#queue.flush(signal);
    this.#queue.setProtocol(protocol);
    this.#protocol = undefined;
    await this.#configure([
      connect(protocol),
      swjClock(this.#frequencyHz), // some probes forget it at DAP_Connect
      transferConfigure({ idleCycles: IDLE_CYCLES, waitRetries: WAIT_RETRIES }),
      protocol === 'SWD' ? swdConfigure : jtagConfigure(IR_LENGTHS),
    ]);
    this.#protocol = protocol;
    this.#isInSequence = true; // the pins are as after a reconnect
    // DAP_Connect drives every pin high, nRESET too (DAP_config.h, PORT_SWD_SETUP); a client that attaches under reset
    // asserts it before it connects.
    if (this.#reset.isAsserted) await this.#reset.set(true, never);
    return protocol;
  }

  async disconnect(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#behindPosted(async () => {
      this.#queue.forgetTarget();
      await this.#exchange.exchange(disconnect, never);
      this.#protocol = undefined;
      this.#reset.noteReleased();
    }, 'could not disconnect the target');
  }

  async setClock(frequencyHz: number, signal: AbortSignal): Promise<void> {
    const wholeHz = Math.floor(frequencyHz);
    if (!(wholeHz >= 1 && wholeHz <= 0xffffffff)) throw new RequestError(`no clock frequency: ${frequencyHz} Hz`);
    await this.#queue.flush(signal);
    if (this.#protocol) await this.#exchange.exchange(swjClock(wholeHz), never);
    this.#frequencyHz = wholeHz;
    this.#queue.setTiming(this.#timing);
  }

  async swjSequence(sequence: BitString, signal: AbortSignal): Promise<void> {
    await this.#queue.flush(signal);
    this.#queue.forgetLine(sequence);
    if (!this.#isInSequence) await this.#reconnectIfNeeded();
    this.#isInSequence = true;
    const commands: FixedReplyCommand<void>[] = [swjSequence(sequence)];
    if (this.#quirks.losesClockAfterSequence) commands.push(swjClock(this.#frequencyHz));
    await this.#configure(commands);
  }

  async setReset(asserted: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (asserted) {
      await this.#queue.flush(never);
      await this.#setReset(true);
    } else await this.#behindPosted(() => this.#setReset(false), 'could not let go of nRESET');
  }

  async readReset(signal: AbortSignal): Promise<boolean> {
    await this.#queue.flush(signal);
    return this.#reset.read(never);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.gone.aborted) await this.#leaveQuietly();
    } finally {
      await this.#exchange[Symbol.asyncDispose]();
    }
  }

  /** A posted write that fails is told, and leaves no target connected, or in reset, of which its client has let go. */
  async #behindPosted(letGo: () => Promise<void>, failure: string): Promise<void> {
    await runAll([() => this.#queue.flush(never), letGo], (error) => {
      // Of a probe that was unplugged meanwhile nothing is left to let go of.
      if (!this.gone.aborted) this.#log.warn(failure, { error: describeError(error) });
    });
  }

  async #setReset(asserted: boolean): Promise<void> {
    this.#queue.forget();
    await this.#reset.set(asserted, never);
  }

  get #timing(): { frequencyHz: number; waitRetries: number } {
    return { frequencyHz: this.#frequencyHz, waitRetries: WAIT_RETRIES };
  }

  #dapPort(): PostingDapPort {
    const queue = this.#queue;
    return {
      postsWrites: queue.postsWrites,
      get postedBatch() {
        return queue.postedBatch;
      },
      get posted() {
        return queue.posted;
      },
      get confirmed() {
        return queue.confirmed;
      },
      get namesRefused() {
        return queue.namesRefused;
      },
      readDp: (address, signal) => {
        this.#isInSequence = false;
        return queue.readDp(address, signal);
      },
      writeDp: (address, value, signal) => {
        this.#isInSequence = false;
        return isTargetSel(address, this.#protocol)
          ? this.#selectTarget(value, signal)
          : queue.writeDp(address, value, signal);
      },
      readAp: (address, count, signal) => {
        this.#isInSequence = false;
        return queue.readAp(address, count, signal);
      },
      writeAp: (address, values, signal) => {
        this.#isInSequence = false;
        return queue.writeAp(address, values, signal);
      },
      flush: (signal) => queue.flush(signal),
    };
  }

  async #selectTarget(value: number, signal: AbortSignal): Promise<void> {
    if (!this.swd) throw new UnsupportedError('the probe cannot select a target: it has no DAP_SWD_Sequence');
    await this.swd.sequence(targetSelPieces(value), signal);
  }

  async #swdSequence(pieces: readonly SwdSequence[], signal: AbortSignal): Promise<readonly BitString[]> {
    await this.#queue.flush(signal);
    this.#queue.forgetTarget();
    const captured: BitString[] = [];
    for (const packet of swdSequencePackets(pieces, this.#packetSizeBytes)) {
      captured.push(...(await this.#exchange.exchange(swdSequence(packet), never)));
    }
    return captured;
  }

  async #jtagSequence(sequence: JtagSequence, signal: AbortSignal): Promise<BitString | undefined> {
    await this.#queue.flush(signal);
    this.#queue.forgetTarget();
    return this.#exchange.exchange(jtagSequence(sequence), never);
  }

  /** Never while reset is held: letting go of the pins would let go of nRESET, and spoil a connect under reset. */
  async #reconnectIfNeeded(): Promise<void> {
    if (!this.#quirks.needsReconnectBeforeSequence || !this.#protocol || this.#reset.isAsserted) return;
    await this.#configure([disconnect, connect(this.#protocol), swjClock(this.#frequencyHz)]);
  }

  /** Runs commands in one packet where the probe can, else one after the other. Once begun, it is completed. */
  async #configure(commands: readonly FixedReplyCommand<void>[]): Promise<void> {
    if (this.#hasAtomicCommands && commands.length > 1) {
      try {
        await this.#exchange.exchange(executeCommands(commands), never);
        return;
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        this.#log.warn('the probe announces atomic commands and does not have them');
        this.#hasAtomicCommands = false;
      }
    }
    for (const command of commands) await this.#exchange.exchange(command, never);
  }

  /** Stops what would go on in the probe without us. Whatever fails, the device is closed next. */
  async #leaveQuietly(): Promise<void> {
    try {
      await this.swo?.stop(never);
      if (this.#protocol) await this.disconnect(never);
    } catch (error) {
      this.#log.debug('probe not left cleanly', { error });
    }
  }
}

function isTargetSel(address: DpAddress, protocol: WireProtocol | undefined): boolean {
  return address === DP.TARGETSEL && protocol !== 'JTAG';
}

function detailsOf(info: ProbeInfo, version: 'v1' | 'v2'): Probe['details'] {
  const names = Object.entries(Capability).filter(([, bit]) => info.capabilities & bit);
  return {
    interface: version === 'v1' ? 'CMSIS-DAP v1 (HID)' : 'CMSIS-DAP v2 (bulk)',
    packetSizeBytes: info.packetSizeBytes,
    packetCount: info.packetCount,
    capabilities: names.map(([name]) => name),
    ...(info.protocolVersion === undefined ? {} : { protocolVersion: info.protocolVersion }),
    ...(info.firmwareVersion === undefined ? {} : { firmwareVersion: info.firmwareVersion }),
  };
}
