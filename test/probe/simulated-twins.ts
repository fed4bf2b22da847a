// The simulated twins of every driver: what the contract suite runs over. A new driver gets its line here.

import type { Clock } from '../../src/base/clock.js';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import { simCmsisDap, type SimProbe, type SimProbeOptions } from '../../src/sim/sim-probe.js';

export interface Twin {
  readonly name: string;
  readonly build: (clock: Clock) => SimProbe;
  /** Where its answers come from. */
  readonly answerEndpoint: number;
}

/** Initial SP and PC, then WFI and a branch back to it: a core that runs would take the time of the tests. */
const sleepingImage = Uint8Array.of(0, 0x10, 0, 0x20, 9, 0, 0, 0, 0x30, 0xbf, 0xfd, 0xe7);

/** By the `family` of the driver. */
export const simulatedTwins: Readonly<Record<string, readonly Twin[]>> = {
  'cmsis-dap': (['v1', 'v2', 'both'] as const).flatMap((transports) =>
    [64, 512, 1024].flatMap((packetSizeBytes) =>
      [1, 4].map((packetCount) => cmsisDapTwin({ transports, packetSizeBytes, packetCount })),
    ),
  ),
};

function cmsisDapTwin(options: Pick<SimProbeOptions, 'transports' | 'packetSizeBytes' | 'packetCount'>): Twin {
  const { transports, packetSizeBytes, packetCount } = options;
  return {
    name: `${transports}, ${packetCount} packets of ${packetSizeBytes} bytes`,
    build: (clock) => simCmsisDap({ uid: 'A1', clock, board: { image: sleepingImage }, ...options }),
    answerEndpoint: transports === 'v1' ? ProbeEndpoint.HidIn : ProbeEndpoint.BulkIn,
  };
}
