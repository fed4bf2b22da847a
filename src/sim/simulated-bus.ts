import type { Clock } from '../base/clock.js';
import { parseProbeOptions } from './probe-options.js';
import { simCmsisDap } from './sim-probe.js';
import { simulatedUid } from './simulated-uid.js';
import { SimUsbBus } from './usb/sim-usb-bus.js';

/**
 * The bus of `probed --simulate`: probes SIM0001, SIM0002 ... in consecutive sockets.
 *
 * @param probes  the options of each, as `parseProbeOptions` takes them
 * @throws RequestError  for an option that does not exist
 */
export function simulatedBus(probes: readonly (readonly string[])[], clock: Clock): SimUsbBus {
  const devices = probes.map((options, i) =>
    simCmsisDap({ ...parseProbeOptions(options), uid: simulatedUid(i), clock }),
  );
  const bus = new SimUsbBus(clock);
  for (const device of devices) bus.plug(device);
  return bus;
}
