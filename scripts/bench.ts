// npm run bench [-- --seconds 2] [-- --vs HOST:PORT [--vs-pid PID]] [-- --only requests,wire,sharing,busy,forwarding,distance] [-- --json FILE]
// What the daemon costs, in one run on this machine: a request, beside a raw TCP echo in Node (the floor); an operation
// of a stock client, in USB transfers and time on a simulated bus; what clients cost one another; what forwarding
// costs; and, where it is asked for, what a distance does.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureBusy } from './bench/busy.js';
import { companyTables } from './bench/company.js';
import { distanceTables } from './bench/distance.js';
import { forwardingTable } from './bench/forwarding.js';
import { startDaemon } from './bench/processes.js';
import { measureRequests } from './bench/requests.js';
import { printTable, type Table } from './bench/table.js';
import { wireTables } from './bench/wire-table.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    vs: { type: 'string' },
    'vs-pid': { type: 'string' },
    only: { type: 'string', default: 'requests,wire,sharing,busy,forwarding' },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
assert(seconds > 0, `--seconds ${values.seconds}: not a number of seconds`);
const SECTIONS = ['requests', 'wire', 'sharing', 'busy', 'forwarding', 'distance'];
const sections = values.only.split(',');
const unknown = sections.find((section) => !SECTIONS.includes(section));
assert(unknown === undefined, `--only ${unknown}: choose from ${SECTIONS.join(', ')}`);
const tables: Table[] = [];
const show = (table: Table): void => {
  tables.push(table);
  printTable(table);
};

if (sections.includes('requests')) {
  const [, host = '', port] = /^\[?(.+?)\]?:(\d+)$/.exec(values.vs ?? '') ?? [];
  assert(values.vs === undefined || port, `--vs ${values.vs}: write HOST:PORT, or [IPV6]:PORT`);
  const pid = values['vs-pid'] === undefined ? {} : { pid: Number(values['vs-pid']) };
  const peer = values.vs === undefined ? undefined : { name: values.vs, host, ports: [Number(port)], ...pid };
  for await (const table of measureRequests({ seconds, ...(peer && { peer }) })) show(table);
}
if (sections.includes('wire')) for await (const table of wireTables()) show(table);
if (sections.includes('sharing')) for await (const table of companyTables(seconds)) show(table);
if (sections.includes('busy')) {
  await using daemon = await startDaemon(16);
  show(await measureBusy(daemon, seconds));
}
if (sections.includes('forwarding')) show(await forwardingTable(seconds));
if (sections.includes('distance')) for await (const table of distanceTables()) show(table);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(tables, null, 2)}\n`);
