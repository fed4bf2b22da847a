import assert from 'node:assert/strict';
import { assertNever } from '../../base/errors.js';
import type { UsbConnection, UsbDeviceInfo } from '../../usb/usb-bus.js';
import { ProbeBusyError, ProbeDisconnectedError } from '../errors.js';
import type { Probe } from '../probe.js';
import type { ProbeContext, ProbeDriver, ProbeMatch } from '../probe-driver.js';
import { BulkPipe } from './bulk-pipe.js';
import { CmsisDapProbe } from './cmsis-dap-probe.js';
import { HidPipe } from './hid-pipe.js';
import { findDapInterfaces, type DapInterface, type DapInterfaces } from './interfaces.js';
import { PacketExchange } from './packet-exchange.js';
import type { PacketPipe } from './packet-pipe.js';
import { readProbeInfo } from './probe-info.js';
import { probeName } from '../probe-name.js';
import { quirksOf } from './quirks.js';
import { probeErrorOf } from './usb-failure.js';

const FAMILY = 'cmsis-dap';

const scores: Record<DapInterfaces['evidence'], number> = {
  'interface-name': 300,
  'product-name': 200,
  'known-id': 100,
};

/** CMSIS-DAP v1 (HID) and v2 (bulk). An open that is refused is not repeated here: the probe's session does that. */
export const cmsisDapDriver: ProbeDriver = {
  family: FAMILY,

  match(device: UsbDeviceInfo): ProbeMatch | undefined {
    const found = findDapInterfaces(device);
    if (!found) return undefined;
    const { warning } = quirksOf(device);
    return { family: FAMILY, score: scores[found.evidence], ...probeName(device), ...(warning && { warning }) };
  },

  async open(device: UsbDeviceInfo, context: ProbeContext, signal: AbortSignal): Promise<Probe> {
    const found = findDapInterfaces(device);
    assert.ok(found, 'only a device that matches is opened');
    const errors: unknown[] = [];
    for (const dapInterface of found.candidates) {
      signal.throwIfAborted();
      try {
        return await openThrough(dapInterface, device, context, signal);
      } catch (error) {
        if (signal.aborted || isOfDevice(error)) throw error;
        errors.push(error);
      }
    }
    throw errors[0];
  },
};

/**
 * Whether another interface would be no better. Not if this one is claimed: v1 and v2 lead to the same firmware, and
 * through the other one we would talk into what another program is doing.
 */
function isOfDevice(error: unknown): boolean {
  return error instanceof ProbeBusyError || error instanceof ProbeDisconnectedError;
}

async function openThrough(
  dapInterface: DapInterface,
  device: UsbDeviceInfo,
  context: ProbeContext,
  signal: AbortSignal,
): Promise<Probe> {
  const { bus, clock, uid } = context;
  const log = context.log.child({ uid });
  const openPipe = async (): Promise<PacketPipe> =>
    pipeOver(await bus.open(device.key, dapInterface.number), dapInterface);
  let exchange: PacketExchange;
  try {
    exchange = await PacketExchange.open(openPipe, { clock, log });
  } catch (error) {
    throw await probeErrorOf(error, `opening probe ${uid}`, clock);
  }
  try {
    const info = await readProbeInfo(exchange, log, signal);
    const quirks = quirksOf(device);
    const identity = { uid, family: FAMILY, ...probeName(device) };
    const { postedWrites = false, maxPacketsInFlight = Infinity } = context.settings ?? {};
    const packetCount = quirks.onePacketAtATime ? 1 : Math.min(info.packetCount, maxPacketsInFlight);
    return new CmsisDapProbe(exchange, {
      ...{ identity, quirks, clock, log },
      info: { ...info, packetCount },
      postsWrites: postedWrites,
    });
  } catch (error) {
    await exchange[Symbol.asyncDispose]();
    throw error;
  }
}

function pipeOver(connection: UsbConnection, dapInterface: DapInterface): PacketPipe {
  switch (dapInterface.version) {
    case 'v2':
      return new BulkPipe(connection, dapInterface.endpoints);
    case 'v1':
      return new HidPipe(connection, dapInterface.reports);
    default:
      return assertNever(dapInterface);
  }
}
