import { systemClock } from '../../src/base/clock.js';
import { simCmsisDap, type SimProbe, type SimProbeOptions } from '../../src/sim/sim-probe.js';

/** A probe to plug into the guest: the firmware of the simulator, in real time. */
export function emulatedProbe(options: Omit<SimProbeOptions, 'clock'>): SimProbe {
  return simCmsisDap({ clock: systemClock, ...options });
}

/** DPIDR of its target. */
export const DPIDR = 0x0bc11477;
