// From one command packet to its answer: DAP_ExecuteCommand of DAP.c. Queues and USB are the probe's.

import type { DebugConnector } from '../target/debug-connector.js';
import { DapCommand, INVALID_COMMAND } from './dap-command.js';
import {
  DEFAULT_CLOCK_HZ,
  forgetConfiguration,
  type CommandHandler,
  type DapState,
  type DapStateOptions,
} from './dap-state.js';
import { generalCommands } from './general.js';
import { infoCommands, type InfoTable } from './info.js';
import { jtagCommands } from './jtag.js';
import { AnswerWriter, CommandReader } from './packet-cursor.js';
import { SwoCapture } from './swo-capture.js';
import { hasSwo, swoCommands } from './swo.js';
import { swdCommands } from './swd.js';
import { swjCommands } from './swj.js';
import { transferCommands } from './transfer.js';

export interface DapFirmwareOptions extends DapStateOptions {
  readonly connector: DebugConnector;
  readonly info: InfoTable;
  readonly swoBufferSizeBytes: number;
}

export class DapFirmware {
  readonly state: DapState;
  /** What a host sent or asked for that no firmware could serve: a driver's test wants this empty. */
  readonly violations: string[] = [];
  readonly #request = new CommandReader();
  readonly #answer: AnswerWriter;
  readonly #handlers: readonly (CommandHandler | undefined)[];

  constructor(options: DapFirmwareOptions) {
    this.state = {
      connector: options.connector,
      info: options.info,
      swo: new SwoCapture(options.swoBufferSizeBytes),
      options,
      mode: 'disabled',
      clockHz: DEFAULT_CLOCK_HZ,
      idleCycles: 0,
      waitRetry: 100,
      matchRetry: 0,
      matchMask: 0,
      swd: { turnaround: 1, dataPhase: false },
      jtagDevices: [],
      pins: 0xff,
      leds: 0,
      busyUs: 0,
      aborted: false,
    };
    this.#answer = new AnswerWriter(options.packetSizeBytes);
    const swo = hasSwo(this.state) ? swoCommands : {};
    const tables = { ...infoCommands, ...generalCommands, ...swjCommands, ...swdCommands, ...jtagCommands };
    const all: Readonly<Record<number, CommandHandler>> = { ...tables, ...transferCommands, ...swo };
    this.#handlers = Array.from({ length: 256 }, (_, id) => all[id]);
  }

  /** The probe has got its power back: it forgets what it was told, and lets go of the pins. */
  powerUp(): void {
    const { state } = this;
    forgetConfiguration(state);
    state.mode = 'disabled';
    state.matchMask = state.leds = state.busyUs = 0;
    state.swd.turnaround = 1;
    state.swd.dataPhase = false;
    state.jtagDevices = [];
    state.pins = 0xff;
    state.swo.stop();
    state.swo.mode = 'off';
    state.swo.transport = 'none';
    state.connector.nReset.drive(false);
  }

  /**
   * Executes one packet.
   *
   * @param packet  a command, or DAP_ExecuteCommands with several
   * @returns       the answer; undefined for DAP_TransferAbort, which has none
   */
  execute(packet: Uint8Array): Uint8Array | undefined {
    const request = this.#request;
    const answer = this.#answer;
    request.reset(packet);
    answer.reset();
    this.state.busyUs = 0;
    const id = request.u8();
    if (id === DapCommand.TransferAbort) {
      this.state.aborted = true;
      return undefined;
    }
    if (id === DapCommand.ExecuteCommands || id === DapCommand.QueueCommands) {
      const count = request.u8();
      answer.u8(DapCommand.ExecuteCommands); // of queued commands too
      answer.u8(count);
      for (let i = 0; i < count && !request.overrun; i++) this.#executeOne(request.u8());
    } else this.#executeOne(id);
    const size = this.state.options.packetSizeBytes;
    if (request.overrun) this.violations.push(`command 0x${id.toString(16)} ends before its time`);
    if (answer.overrun)
      this.violations.push(`the answer to command 0x${id.toString(16)} takes ${answer.length} of ${size} bytes`);
    return answer.take();
  }

  #executeOne(id: number): void {
    const handler = this.#handlers[id];
    this.#answer.u8(handler ? id : INVALID_COMMAND);
    handler?.(this.state, this.#request, this.#answer);
  }
}
