// Registers of DP and APs.

import { readDp, writeDp, readAp, writeAp, readApMultiple, writeApMultiple, flush } from '../../protocol/dap.js';
import { answer } from './probe-request.js';

export const dapRequests = [
  answer(readDp, ({ lease, signal }, [address]) => lease.dap.readDp(address, signal)),
  answer(writeDp, ({ lease, signal }, [address, data]) => lease.dap.writeDp(address, data, signal)),
  answer(readAp, async ({ lease, signal }, [address]) => (await lease.dap.readAp(address, 1, signal))[0]),
  answer(writeAp, ({ lease, signal }, [address, data]) => lease.dap.writeAp(address, Uint32Array.of(data), signal)),
  answer(readApMultiple, ({ lease, signal }, [address, count]) => lease.dap.readAp(address, count, signal)),
  answer(writeApMultiple, ({ lease, signal }, [address, data]) =>
    lease.dap.writeAp(address, Uint32Array.from(data), signal),
  ),
  answer(flush, ({ lease, signal }) => lease.dap.flush(signal)),
];
