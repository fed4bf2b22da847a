// How a probe is to be served, or why it is not: what the config, the port book and the probe itself say together.

import type { Config } from '../config/config.js';
import {
  type OperatorSettings,
  probePolicy,
  type ProbeSettings,
  probeSettings,
  reasonDisabled,
} from '../config/probe-policy.js';
import { servingHosts } from '../config/remote-clients.js';
import type { AdmissionRules } from '../sharing/admission.js';
import type { FoundProbe } from './find-probes.js';

/** What a served probe is made from; a change of any of it but `admission` takes a new one. */
export interface ServingPlan {
  readonly uid: string;
  /** 0: any. */
  readonly port: number;
  readonly hosts: readonly string[];
  readonly limits: Config['limits'];
  readonly settings: Pick<ProbeSettings, 'clockLimitHz' | 'memoryHandles' | 'postedWrites' | 'packetsInFlight'>;
  readonly admission: AdmissionRules;
}

export function servingPlan(
  config: Config,
  { uid, port }: Pick<ServingPlan, 'uid' | 'port'>,
  operator: OperatorSettings | undefined,
): ServingPlan {
  const settings = probeSettings(config, uid, operator);
  const { clockLimitHz, memoryHandles, postedWrites, packetsInFlight, sharing } = settings;
  return {
    ...{ uid, port, hosts: servingHosts(config, uid), limits: config.limits },
    admission: { sharing, queueTimeoutMs: config.access.queueTimeoutMs },
    settings: {
      ...{ memoryHandles, postedWrites },
      ...(clockLimitHz !== undefined && { clockLimitHz }),
      ...(packetsInFlight !== undefined && { packetsInFlight }),
    },
  };
}

/**
 * Why a probe is not wanted; undefined if it is.
 * @param seen  what was seen of it last; without it only its own entry counts: the rules are about what a probe is
 */
export function reasonToIgnore(
  config: Config,
  { uid, seen }: { readonly uid: string; readonly seen: FoundProbe | undefined },
  operator: OperatorSettings | undefined,
): string | undefined {
  if (!seen) return reasonDisabled(config, uid, operator);
  const { vendorId, productId, product, portPath } = seen.device;
  const { family } = seen.match;
  const facts = { uid, family, vendorId, productId, portPath, ...(product !== undefined && { product }) };
  const policy = probePolicy(config, facts, operator);
  return policy.served ? undefined : policy.reason;
}
