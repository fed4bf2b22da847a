// One probe of a host that is reached over ssh.

import type { ProbeEndpoint } from '../../client/endpoint.js';
import { isServed } from '../../control/is-served.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { openClientOf } from '../open-client.js';
import type { World } from '../world.js';
import { addressOf } from './address-of.js';
import { askOnce } from './ask-once.js';
import { findProbe } from './find-probe.js';
import { nameOfHost, type SshHost } from './host.js';
import { ForwardingError, openForwarding, openSsh } from './ssh-stream.js';

/** What has been heard of a probe so lately holds: where it is served is not asked for again, by a login of its own. */
const FRESH_MS = 2000;
/** Changes nothing, and every server answers it. */
const QUESTION = '{"id": 0, "request": "hello", "arguments": [1]}';

/**
 * Connects anew each time, to wherever the probe is served by then: by sshd itself, or where sshd does not forward, by
 * `probectl dial-stdio` on the host, which costs another program on the way of every request.
 * @param row      the probe as it was listed just now
 * @param current  as for `remoteProbe`
 */
export function sshProbe(
  host: SshHost,
  row: ProbeRow,
  world: World,
  current: () => ProbeRow | undefined,
): ProbeEndpoint {
  const { clock, env } = world;
  const { uid } = row;
  const heardAt = clock.now();
  let isProhibited = false;
  return {
    name: `probe ${uid} of ${nameOfHost(host)}`,
    async open(signal) {
      if (!isProhibited) {
        const known = clock.now() - heardAt < FRESH_MS ? row : current();
        const address = addressOf(
          known && isServed(known.state) ? known : await lookUp(host, uid, { ...world, signal }),
        );
        try {
          const stream = openForwarding(host, address, env);
          await askOnce(stream, QUESTION, signal); // ssh does not say when it is connected
          return stream;
        } catch (error) {
          if (!(error instanceof ForwardingError)) throw error;
          isProhibited = error.isProhibited;
        }
      }
      return openSsh(host, ['dial-stdio', '--probe', uid], env);
    },
  };
}

async function lookUp(host: SshHost, uid: string, world: World): Promise<ProbeRow> {
  await using client = await openClientOf(host, world);
  return await findProbe(client, uid, world.signal);
}
