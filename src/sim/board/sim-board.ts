// A board: processors, debug ports and the reset line, wired up.

import type { Clock } from '../../base/clock.js';
import { AccessFaults } from '../target/access-faults.js';
import type { AccessPort } from '../target/access-port.js';
import { DebugConnector } from '../target/debug-connector.js';
import { DebugPort } from '../target/debug-port.js';
import { MemAp } from '../target/mem-ap.js';
import { MemApV2 } from '../target/mem-ap-v2.js';
import { RootRomTable } from '../target/root-rom-table.js';
import { SwjDp } from '../target/swj-dp.js';
import { CoreRunner } from './core-runner.js';
import { MemoryMap, RAM_SIZE_BYTES, RP2040_RAM_SIZE_BYTES } from './memory-map.js';
import { Processor, ROM_TABLE_BASE } from './processor.js';
import { resetImage } from './reset-image.js';

export interface SimBoardOptions {
  /**
   * plain: a DPv1 with one AP. second-ap: a second one, with memory and core of its own. multidrop: two DPv2 on one
   * SWD line, each with a core, over one memory, as on the RP2040. dpv3: ADIv6.
   */
  readonly kind?: 'plain' | 'second-ap' | 'multidrop' | 'dpv3';
  /** Program in flash from its start; a counting loop unless given. */
  readonly image?: Uint8Array;
  /** nRESET resets the APs too, as on chips that have them in the domain of the core. Default: it does not. */
  readonly resetsAps?: boolean;
}

const DPIDR_V1 = 0x0bc11477;
const DPIDR_V2 = 0x0bc12477;
const DPIDR_V3 = 0x0bc13477;
const IDCODE = 0x0ba00477;
/** RP2040 datasheet 2.3.4: both cores share it and differ in TINSTANCE. */
const MULTIDROP_TARGET_ID = 0x01002927;
/** Where the AP of the ADIv6 board is, from the root ROM table at 0. */
const AP_V2_BASE = 0x2000;

export class SimBoard {
  /** What goes wrong at the debug port, on request. */
  readonly faults = new AccessFaults();
  readonly memory: MemoryMap;
  /** Behind the first debug port or AP, and behind the second one where that has a memory of its own. */
  readonly memories: readonly MemoryMap[];
  readonly processors: readonly Processor[];
  readonly connector: DebugConnector;
  /** Called with the bytes that leave on the SWO pin. */
  onTrace: (bytes: Uint8Array) => void = () => undefined;
  /** Called to make an access over JTAG that nobody has asked for: see `JtagTap`. */
  onBrokenScan: (access: () => void) => void = (access) => access();
  readonly #runners: readonly CoreRunner[];
  readonly #ports: readonly SwjDp[];
  readonly #resetsAps: boolean;
  #drivenLow = false;
  #pulledLow = false;

  constructor(clock: Clock, { kind = 'plain', image = resetImage(), resetsAps = false }: SimBoardOptions = {}) {
    this.memory = new MemoryMap(kind === 'multidrop' ? RP2040_RAM_SIZE_BYTES : RAM_SIZE_BYTES);
    const second = kind === 'second-ap' ? new MemoryMap() : this.memory;
    this.memories = kind === 'second-ap' ? [this.memory, second] : [this.memory];
    for (const memory of this.memories) {
      memory.flash.set(image);
      memory.onTrace = (bytes) => this.onTrace(bytes);
    }

    const onSystemReset = (): void => this.#resetSystem();
    this.processors = [new Processor(this.memory, onSystemReset)];
    if (kind === 'second-ap' || kind === 'multidrop')
      this.processors = [...this.processors, new Processor(second, onSystemReset)];
    this.#runners = this.processors.map((processor) => new CoreRunner(processor.core, clock));
    this.processors.forEach((processor, i) => (processor.runner = this.#runners[i]));

    this.#resetsAps = resetsAps;
    this.#ports = this.#makePorts(kind);
    for (const { dp, tap } of this.#ports) {
      dp.onPowerLost = () => this.powerCycle();
      if (tap) tap.onBrokenScan = (access) => this.onBrokenScan(access);
    }
    const isLow = (): boolean => this.#drivenLow || this.#pulledLow;
    this.connector = new DebugConnector(this.#ports, {
      drive: (low) => this.#updateReset(() => (this.#drivenLow = low)),
      get low() {
        return isLow();
      },
    });
    this.powerCycle();
  }

  /** A host has opened the probe; the cores run until the result is disposed. */
  attachHost(): Disposable {
    for (const runner of this.#runners) runner.addHost();
    let attached = true;
    return {
      [Symbol.dispose]: () => {
        if (attached) for (const runner of this.#runners) runner.removeHost();
        attached = false;
      },
    };
  }

  /** Somebody presses or lets go of the reset button. */
  pressReset(pressed: boolean): void {
    this.#updateReset(() => (this.#pulledLow = pressed));
  }

  /** Off and on again: debug ports, APs and cores start over; RAM keeps what was in it. */
  powerCycle(): void {
    for (const port of this.#ports) port.reset();
    for (const { core } of this.processors) core.powerUp();
    this.#resetSystem();
    for (const runner of this.#runners) runner.settle();
  }

  #makePorts(kind: NonNullable<SimBoardOptions['kind']>): readonly SwjDp[] {
    const { faults } = this;
    const options = this.processors.map((bus) => ({ bus, base: ROM_TABLE_BASE }));
    if (kind === 'multidrop')
      return options.map((ap, instance) => {
        const accessPorts = new Map([[0, new MemAp(ap)]]);
        const dp = new DebugPort({ dpidr: DPIDR_V2, targetId: MULTIDROP_TARGET_ID, instance, accessPorts, faults });
        return new SwjDp({ dp, powerUp: 'dormant' });
      });
    if (kind === 'dpv3') {
      const accessPorts = new Map<number, AccessPort>([
        [0, new RootRomTable([AP_V2_BASE])],
        [AP_V2_BASE, new MemApV2(options[0])],
      ]);
      const dp = new DebugPort({ dpidr: DPIDR_V3, basePointer: 0, accessPorts, faults });
      return [new SwjDp({ dp, powerUp: 'jtag', idcode: IDCODE })];
    }
    const accessPorts = new Map(options.map((ap, i) => [i, new MemAp(ap)]));
    const dp = new DebugPort({ dpidr: DPIDR_V1, accessPorts, faults });
    return [new SwjDp({ dp, powerUp: 'jtag', idcode: IDCODE })];
  }

  #updateReset(change: () => void): void {
    const before = this.#drivenLow || this.#pulledLow;
    change();
    const now = this.#drivenLow || this.#pulledLow;
    if (before === now) return;
    for (const { peripherals } of this.memories) peripherals.reset();
    if (now && this.#resetsAps) for (const { dp } of this.#ports) dp.resetAps();
    for (const runner of this.#runners) runner.holdInReset(now);
  }

  /** SYSRESETREQ of any core resets them all; the debug ports keep their state. */
  #resetSystem(): void {
    for (const { peripherals } of this.memories) peripherals.reset();
    for (const { core } of this.processors) core.reset();
    // A firmware that resets itself again and again gets no sprint for it.
    const byFirmware = this.#runners.some(({ executing }) => executing);
    for (const runner of this.#runners) {
      if (byFirmware) runner.update();
      else runner.restart();
    }
  }
}
