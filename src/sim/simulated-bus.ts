import type { Clock } from '../base/clock.js';
import { simCmsisDap, type SimProbeOptions } from './sim-probe.js';
import { SimUsbBus } from './usb/sim-usb-bus.js';

/** The bus of `probed --simulate N`: probes SIM0001, SIM0002 ... in consecutive sockets. */
export function simulatedBus(
  count: number,
  options: Omit<SimProbeOptions, 'uid'> & { readonly clock: Clock },
): SimUsbBus {
  const bus = new SimUsbBus(options.clock);
  for (let n = 1; n <= count; n++) bus.plug(simCmsisDap({ ...options, uid: `SIM${String(n).padStart(4, '0')}` }));
  return bus;
}
