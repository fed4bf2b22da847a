// npm run soak:requests [-- --requests 1000000]
// A million requests of all kinds from four clients, and what the daemon's memory does meanwhile.

import { parseArgs } from 'node:util';
import { generateLoad, residentMbOf, startDaemon } from './bench/processes.js';
import { operations, pipelined, setup } from './bench/workloads.js';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' } } });
const wanted = Number(values.requests);

await using daemon = await startDaemon(1);
const { ports, pid } = daemon;
console.log(`at rest: ${residentMbOf(pid).toFixed(1)} MB`);
let done = 0;
for (let round = 0; done < wanted; round++) {
  for (const lines of Object.values({ ...operations, ...pipelined })) {
    const { requests } = await generateLoad({ host: '127.0.0.1', ports, clients: 4, seconds: 2, setup, lines });
    done += requests;
  }
  console.log(`${done} requests: ${residentMbOf(pid).toFixed(1)} MB`);
}
