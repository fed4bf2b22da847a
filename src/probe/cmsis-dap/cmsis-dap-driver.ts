import assert from 'node:assert/strict';
import { assertNever } from '../../base/errors.js';
import type { UsbBus, UsbConnection, UsbDeviceInfo } from '../../usb/usb-bus.js';
import type { Probe } from '../probe.js';
import type { ProbeContext, ProbeDriver, ProbeMatch } from '../probe-driver.js';
import { UsbError } from '../../usb/usb-error.js';
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
    const { bus, clock, uid } = context;
    const log = context.log.child({ uid });
    const quirks = quirksOf(device);
    const found = findDapInterfaces(device);
    assert.ok(found, 'only a device that matches is opened');

    let chosen = found.candidates; // after the first success, only that one
    const openPipe = async (): Promise<PacketPipe> => {
      const { pipe, dapInterface } = await openFirst(bus, device, chosen);
      chosen = [dapInterface];
      return pipe;
    };
    let exchange: PacketExchange;
    signal.throwIfAborted();
    try {
      exchange = await PacketExchange.open(openPipe, { clock, log });
    } catch (error) {
      throw await probeErrorOf(error, `opening probe ${uid}`, clock);
    }
    try {
      const info = await readProbeInfo(exchange, log, signal);
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
  },
};

/**
 * Opens the first interface that works. One that is claimed ends the search: v1 and v2 lead to the same firmware, and
 * through the other one we would talk into what another program is doing.
 *
 * @throws UsbError  of the best one, if none can be opened
 */
async function openFirst(
  bus: UsbBus,
  device: UsbDeviceInfo,
  candidates: readonly DapInterface[],
): Promise<{ pipe: PacketPipe; dapInterface: DapInterface }> {
  const errors: unknown[] = [];
  for (const dapInterface of candidates) {
    try {
      return { pipe: pipeOver(await bus.open(device.key, dapInterface.number), dapInterface), dapInterface };
    } catch (error) {
      if (error instanceof UsbError && error.kind === 'busy') throw error;
      errors.push(error);
    }
  }
  throw errors[0];
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
