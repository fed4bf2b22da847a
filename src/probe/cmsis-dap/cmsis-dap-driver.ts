import { sleep } from '../../base/clock.js';
import { assertNever } from '../../base/errors.js';
import type { UsbBus, UsbConnection, UsbDeviceInfo } from '../../usb/usb-bus.js';
import { UsbError } from '../../usb/usb-error.js';
import { ProbeError } from '../errors.js';
import type { Probe } from '../probe.js';
import type { ProbeContext, ProbeDriver, ProbeMatch } from '../probe-driver.js';
import { BulkPipe } from './bulk-pipe.js';
import { CmsisDapProbe } from './cmsis-dap-probe.js';
import { HidPipe } from './hid-pipe.js';
import { findDapInterfaces, type DapInterface, type DapInterfaces } from './interfaces.js';
import { PacketExchange } from './packet-exchange.js';
import type { PacketPipe } from './packet-pipe.js';
import { readProbeInfo } from './probe-info.js';
import { quirksOf } from './quirks.js';
import { probeErrorOf } from './usb-failure.js';

const FAMILY = 'cmsis-dap';

/** Permissions and interfaces settle some time after a device has appeared: until then an open is repeated. */
const SETTLE_TIME_MS = 2000;
const FIRST_RETRY_MS = 50;

const scores: Record<DapInterfaces['evidence'], number> = {
  'interface-name': 300,
  'product-name': 200,
  'known-id': 100,
};

/** CMSIS-DAP v1 (HID) and v2 (bulk). */
export const cmsisDapDriver: ProbeDriver = {
  family: FAMILY,

  match(device: UsbDeviceInfo): ProbeMatch | undefined {
    const found = findDapInterfaces(device);
    return found && { family: FAMILY, score: scores[found.evidence], ...nameOf(device) };
  },

  async open(device: UsbDeviceInfo, context: ProbeContext, signal: AbortSignal): Promise<Probe> {
    const { bus, clock, uid } = context;
    const log = context.log.child({ uid });
    const { refusal } = quirksOf(device);
    if (refusal) throw new ProbeError(`cannot use probe ${uid}: ${refusal}`);
    const candidates = findDapInterfaces(device)?.candidates ?? [];

    let chosen: readonly DapInterface[] = candidates; // after the first success, only that one
    const openPipe = async (): Promise<PacketPipe> => {
      const { pipe, dapInterface } = await openFirst(bus, device, chosen);
      chosen = [dapInterface];
      return pipe;
    };
    let exchange: PacketExchange;
    try {
      exchange = await whenSettled(() => PacketExchange.open(openPipe, { clock, log }), context, signal);
    } catch (error) {
      throw await probeErrorOf(error, `opening probe ${uid}`, clock);
    }
    try {
      const info = await readProbeInfo(exchange, log, signal);
      const identity = { uid, family: FAMILY, ...nameOf(device) };
      return new CmsisDapProbe(exchange, { identity, info, quirks: quirksOf(device), clock, log });
    } catch (error) {
      await exchange[Symbol.asyncDispose]();
      throw error;
    }
  },
};

/** Opens the first interface that can be claimed. @throws UsbError  of the best one, if none can */
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

/** Repeats an open that is refused, with growing pauses. */
async function whenSettled<T>(open: () => Promise<T>, { clock }: ProbeContext, signal: AbortSignal): Promise<T> {
  const end = clock.now() + SETTLE_TIME_MS;
  for (let pauseMs = FIRST_RETRY_MS; ; pauseMs *= 2) {
    signal.throwIfAborted();
    try {
      return await open();
    } catch (error) {
      const mayPass = error instanceof UsbError && (error.kind === 'access' || error.kind === 'busy');
      if (!mayPass || clock.now() + pauseMs > end) throw error;
    }
    await sleep(clock, pauseMs, signal);
  }
}

function nameOf(device: UsbDeviceInfo): { vendor: string; product: string } {
  return { vendor: device.manufacturer ?? hexId(device.vendorId), product: device.product ?? hexId(device.productId) };
}

function hexId(id: number): string {
  return `0x${id.toString(16).padStart(4, '0')}`;
}
