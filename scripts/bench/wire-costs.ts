// What an operation costs between the daemon and a probe, in things that can be counted: USB transfers, and time on a
// simulated bus, in virtual time. The requests go through the real request table, session and driver; there is no socket.

import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.js';
import { probeDrivers } from '../../src/probe/drivers.js';
import { type Envelope, readEnvelope } from '../../src/protocol/envelope.js';
import { compileProbeRequests } from '../../src/server/probe-requests.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { ProbeSession } from '../../src/sharing/probe-session.js';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import { simCmsisDap } from '../../src/sim/sim-probe.js';
import { SimUsbBus } from '../../src/sim/usb/sim-usb-bus.js';
import type { UsbBus } from '../../src/usb/usb-bus.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { runClock } from '../../test/support/run-clock.js';
import { BareDriver } from './bare-driver.js';
import { MeteredBus } from './metered-bus.js';
import { connected } from './workloads.js';

export interface WireSetup {
  readonly packetSizeBytes: number;
  readonly packetCount: number;
  /** How long each USB transfer takes. 0: nothing on the bus takes time, and packets never meet in the probe. */
  readonly transferMs: number;
}

export interface WireCost {
  readonly requests: number;
  /** Commands to the probe: OUT transfers. */
  readonly outPackets: number;
  readonly inPackets: number;
  readonly outBytes: number;
  readonly inBytes: number;
  /** From the first packet to the last answer, on the simulated bus. */
  readonly busMs: number;
  /** The most packets on their way to the probe, in it and back at once. */
  readonly mostInFlight: number;
  /** The share of that time in which an answer was due. The rest are gaps, in which the probe had nothing to do. */
  readonly busyShare: number;
}

/** Who has the probe: one client; one, and another that is connected and idle; or no session, only the driver. */
export type Company = 'alone' | 'beside an idle client' | 'driver only';

const table = compileProbeRequests();
const settings = { postedWrites: true };

/** Runs the requests of one client. @param lines  as they are on the wire */
export async function measureWireCost(
  lines: readonly string[],
  setup: WireSetup,
  company: Company = 'alone',
): Promise<WireCost> {
  const { packetSizeBytes, packetCount, transferMs } = setup;
  const clock = new FakeClock();
  await using bus = new SimUsbBus(clock);
  const probe = simCmsisDap({
    uid: 'BENCH',
    clock,
    transports: 'v2',
    packetSizeBytes,
    packetCount,
    quirks: { busTime: transferMs > 0 },
  });
  bus.plug(probe);
  bus.setTransferDelay(transferMs);
  const metered = new MeteredBus(bus, clock);

  const talk =
    company === 'driver only' ? converseBare(metered, clock, lines) : converse(metered, clock, lines, company);
  await runClock(clock, talk);

  const [sent, received] = [ProbeEndpoint.BulkOut, ProbeEndpoint.BulkIn].map((end) => bus.stats(probe, end));
  return {
    requests: lines.length,
    outPackets: sent.transfers,
    inPackets: received.transfers,
    outBytes: sent.bytes,
    inBytes: received.bytes,
    busMs: metered.elapsedMs,
    mostInFlight: metered.mostInFlight,
    busyShare: metered.busyShare,
  };
}

async function converse(bus: UsbBus, clock: FakeClock, lines: readonly string[], company: Company): Promise<void> {
  const [device] = await bus.list();
  const [driver] = probeDrivers;
  const log = silentLogger;
  const uid = 'BENCH';
  await using session = new ProbeSession({
    ...{ uid, vendor: '', product: '', clock, log, memoryHandles: false, lockIdleTimeoutMs: 2000 },
  });
  session.attach((signal) => driver.open(device, { uid, bus, clock, log, settings }, signal));
  const { signal } = new AbortController();
  const play = async (lease: ClientLease, requests: readonly string[]): Promise<void> => {
    for (const line of requests) {
      const { name, args } = envelopeOf(line);
      const call = table.find(name);
      assert(call, line);
      await call({ lease, signal }, args);
    }
  };
  await using idle = session.newLease({ id: 1, address: 'bench', principal: 'user:bench' });
  await using lease = session.newLease({ id: 2, address: 'bench', principal: 'user:bench' });
  if (company === 'beside an idle client') await play(idle, connected);
  await play(lease, lines);
}

async function converseBare(bus: UsbBus, clock: FakeClock, lines: readonly string[]): Promise<void> {
  const [device] = await bus.list();
  const [driver] = probeDrivers;
  const { signal } = new AbortController();
  await using probe = await driver.open(device, { uid: 'BENCH', bus, clock, log: silentLogger, settings }, signal);
  const bare = new BareDriver(probe);
  for (const line of lines) {
    const { name, args } = envelopeOf(line);
    await bare.call(name, args);
  }
}

function envelopeOf(line: string): Envelope {
  const envelope = readEnvelope(Buffer.from(line));
  assert(envelope.malformed === undefined, line);
  return envelope;
}
