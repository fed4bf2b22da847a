// Who talks to whom: greeting, opening, connecting, the lock.

import { RequestError } from '../../base/errors.js';
import { hello, open, close, lock, unlock, connect, disconnect, PROTOCOL_VERSION } from '../../protocol/session.js';
import { answer } from './probe-request.js';

export const sessionRequests = [
  answer(hello, (_context, [version]) => {
    if (version !== PROTOCOL_VERSION) {
      throw new RequestError(`unsupported protocol version ${version} (expected ${PROTOCOL_VERSION})`);
    }
  }),
  answer(open, ({ lease, signal }) => lease.open(signal)),
  answer(close, ({ lease, signal }) => lease.close(signal)),
  answer(lock, ({ lease, signal }) => lease.lock(signal)),
  answer(unlock, ({ lease }) => lease.unlock()),
  answer(connect, ({ lease, signal }, [protocol]) => lease.connect(protocol, signal)),
  answer(disconnect, ({ lease, signal }) => lease.disconnect(signal)),
];
