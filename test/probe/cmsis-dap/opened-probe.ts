import { silentLogger } from '../../../src/base/logger.js';
import type { Probe } from '../../../src/probe/probe.js';
import type { ProbeSettings } from '../../../src/probe/probe-driver.js';
import { cmsisDapDriver } from '../../../src/probe/cmsis-dap/cmsis-dap-driver.js';
import type { UsbDeviceInfo } from '../../../src/usb/usb-bus.js';
import { FakeClock } from '../../support/fake-clock.js';
import { toHex, usbDevice, type Hex, type ScriptedDevice, type Step } from '../scripted-usb.js';

export const NEVER = new AbortController().signal;

/** What a probe answers to DAP_Info; bytes after the id: length and information. */
export interface InfoAnswers {
  readonly packetSize?: Hex;
  readonly packetCount?: Hex;
  readonly capabilities?: Hex;
  readonly version?: string;
  readonly swoBuffer?: Hex;
}

/** DAP_HostStatus, which gets the driver in step with the probe. */
export const inStep: Step = { out: '010000…', in: ['0100'] };

/** The questions the driver asks at open, and a usual probe's answers: packets of 64 bytes, four of them, SWD. */
export function infoSteps(answers: InfoAnswers = {}): Step[] {
  const text = Buffer.from(`${answers.version ?? '2.1.0'}\0`);
  return [
    inStep,
    { out: '00ff…', in: [`00 ${answers.packetSize ?? '02 4000'}`] },
    { out: '00fe…', in: [`00 ${answers.packetCount ?? '01 04'}`] },
    { out: '00f0…', in: [`00 ${answers.capabilities ?? '01 01'}`] },
    { out: '0004…', in: [`00 ${text.length.toString(16).padStart(2, '0')} ${toHex(text)}`] },
    { out: '0009…', in: ['0000'] },
    { out: '00fd…', in: [`00 ${answers.swoBuffer ?? '00'}`] },
  ];
}

export interface Opened {
  readonly probe: Probe;
  readonly clock: FakeClock;
}

/** Opens the scripted device with the driver. */
export async function openProbe(
  bus: ScriptedDevice,
  info: Partial<UsbDeviceInfo> = {},
  settings: ProbeSettings = {},
  log = silentLogger,
): Promise<Opened> {
  const clock = new FakeClock();
  const context = { uid: 'A1', bus, clock, settings, log };
  return { probe: await cmsisDapDriver.open(usbDevice(info), context, NEVER), clock };
}

/** DAP_Connect for SWD and what follows it, without atomic commands. */
export const connectSwdSteps: readonly Step[] = [
  { out: '0201…', in: ['0201'] },
  { out: '11 40420f00…', in: ['1100'] }, // 1 MHz
  { out: '04 02 9600 0000…', in: ['0400'] }, // 2 idle cycles, 150 retries
  { out: '1300…', in: ['1300'] },
];
