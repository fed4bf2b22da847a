// What an operation costs between the daemon and a probe, in things that can be counted: USB transfers, and time on a
// simulated bus, in virtual time. The requests go through the real request table, session and driver; there is no socket.

import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.js';
import { probeDrivers } from '../../src/probe/drivers.js';
import { readEnvelope } from '../../src/protocol/envelope.js';
import { compileProbeRequests } from '../../src/server/probe-requests.js';
import { ProbeSession } from '../../src/sharing/probe-session.js';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import { simCmsisDap } from '../../src/sim/sim-probe.js';
import { SimUsbBus } from '../../src/sim/usb/sim-usb-bus.js';
import type { UsbBus } from '../../src/usb/usb-bus.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { runClock } from '../../test/support/run-clock.js';
import { MeteredBus } from './metered-bus.js';

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

const table = compileProbeRequests();

/** Runs the requests of one client on a probe nobody else uses. @param lines  as they are on the wire */
export async function measureWireCost(lines: readonly string[], setup: WireSetup): Promise<WireCost> {
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

  await runClock(clock, converse(metered, clock, lines));

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

async function converse(bus: UsbBus, clock: FakeClock, lines: readonly string[]): Promise<void> {
  const [device] = await bus.list();
  const [driver] = probeDrivers;
  const log = silentLogger;
  const uid = 'BENCH';
  await using session = new ProbeSession({
    ...{ uid, vendor: '', product: '', clock, log, memoryHandles: false, lockIdleTimeoutMs: 2000 },
  });
  session.attach((signal) => driver.open(device, { uid, bus, clock, log, settings: { postedWrites: true } }, signal));
  await using lease = session.newLease({ id: 1, address: 'bench', principal: 'user:bench' });
  const { signal } = new AbortController();
  for (const line of lines) {
    const envelope = readEnvelope(Buffer.from(line));
    assert(envelope.malformed === undefined, line);
    const call = table.find(envelope.name);
    assert(call, line);
    await call({ lease, signal }, envelope.args);
  }
}
