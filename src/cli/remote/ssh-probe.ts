// One probe of a host that is reached over ssh.

import type { Duplex } from 'node:stream';
import { abortReason } from '../../base/clock.js';
import type { ProbeEndpoint } from '../../client/endpoint.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { openClientOf } from '../open-client.js';
import type { World } from '../world.js';
import { addressOf } from './address-of.js';
import { findProbe } from './find-probe.js';
import { nameOfHost, type SshHost } from './host.js';
import { ForwardingError, openForwarding, openSsh } from './ssh-stream.js';

/** What has been heard of a probe so lately holds: where it is served is not asked for again. */
const FRESH_MS = 2000;
/** Changes nothing, and every server answers it. */
const QUESTION = '{"id": 0, "request": "hello", "arguments": [1]}\n';

/**
 * Connects anew each time, to wherever the probe is served by then: by sshd itself, or where sshd does not forward, by
 * `probectl dial-stdio` on the host, which costs another program on the way of every request.
 * @param row  the probe as it was listed just now
 */
export function sshProbe(host: SshHost, row: ProbeRow, world: World): ProbeEndpoint {
  const { clock, env } = world;
  const { uid } = row;
  const heardAt = clock.now();
  let isProhibited = false;
  return {
    name: `probe ${uid} of ${nameOfHost(host)}`,
    async open(signal) {
      if (!isProhibited) {
        const isFresh = clock.now() - heardAt < FRESH_MS;
        const address = addressOf(isFresh ? row : await lookUp(host, uid, { ...world, signal }));
        try {
          return await proven(openForwarding(host, address, env), signal);
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
  return await findProbe(client, uid, { kind: 'no' }, world);
}

/** Asks something, since ssh does not say when it is connected. @throws what the stream fails with */
function proven(stream: Duplex, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let received = '';
    const over = (error: Error): void => {
      stream.destroy();
      reject(error);
    };
    const onAbort = (): void => over(abortReason(signal));
    const onClose = (): void => over(new Error('ssh has closed the connection'));
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (!received.includes('\n')) return;
      // From here on it is the caller's. It need not be paused: nobody answers before there is another question.
      signal.removeEventListener('abort', onAbort);
      stream.off('data', onData).off('close', onClose).off('error', over);
      resolve(stream);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('error', over).on('close', onClose).on('data', onData);
    stream.write(QUESTION);
  });
}
