import type { Logger } from '../base/logger.js';
import type { FoundProbe, UnservedProbe } from './find-probes.js';

// What the log says of probes that come and change.

export function logAttached({ uid, match, device }: FoundProbe, log: Logger): void {
  const isNamedByPort = device.serial?.trim() !== uid;
  log.info('probe attached', {
    ...{ uid, family: match.family, product: match.product, path: device.portPath },
    ...(isNamedByPort && { named: 'by its USB port: no serial number of its own' }),
  });
  if (match.warning) log.warn('probe needs an update', { uid, ...match.warning });
}

export function logUnserved({ uid, product, device, reason }: UnservedProbe, log: Logger): void {
  log.info('probe detected, not served', { uid, product, path: device.portPath, reason });
}

/** The system has begun or ceased to refuse us the device. */
export function logAccess({ uid, device: { accessible, node } }: FoundProbe, log: Logger): void {
  if (accessible) log.info('probe may be opened now', { uid });
  else log.warn('no permission to open the probe', { uid, node, remedy: 'run "probectl doctor"' });
}
