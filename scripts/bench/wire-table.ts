// USB transfers and bus time of a stock client's operations, beside what pyOCD's own server needs for them.

import { conversations } from './conversations.js';
import { rounded, type Table } from './table.js';
import { measureWireCost } from './wire-costs.js';

const PACKET_COUNT = 8;
/** A transfer on a high-speed bus takes a microframe at least. */
const TRANSFER_MS = 0.125;
/** And a frame of a full-speed one. */
const SLOW_TRANSFER_MS = 1;
const SMALL_PACKET_COUNT = 4;

/** OUT packets of `pyocd server` 0.45.1 on an emulated probe with eight packets of that size. */
const PEER: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  512: {
    'connect only': 45,
    'read32 of 4 KB': 56,
    'halt, 21 registers': 82,
    'load of 6 KB': 267,
    'savemem of 64 KB': 236,
    'gdb attach, registers': 131,
  },
  64: {
    'connect only': 45,
    'read32 of 4 KB': 116,
    'halt, 21 registers': 82,
    'load of 6 KB': 374,
    'savemem of 64 KB': 1196,
    'gdb attach, registers': 131,
  },
};

export async function* wireTables(): AsyncGenerator<Table> {
  for (const packetSizeBytes of [512, 64]) {
    const rows = [];
    for (const [operation, lines] of Object.entries(conversations)) {
      const setup = { packetSizeBytes, packetCount: PACKET_COUNT, transferMs: TRANSFER_MS };
      const cost = await measureWireCost(lines, setup);
      rows.push({
        ...{ operation, requests: cost.requests, 'OUT packets': cost.outPackets },
        'pyocd server': PEER[packetSizeBytes][operation],
        ...{ 'OUT bytes': cost.outBytes, 'IN bytes': cost.inBytes },
        ...{ 'bus ms': rounded(cost.busMs), 'most in flight': cost.mostInFlight },
      });
    }
    yield {
      title: `a stock client on a probe of ${PACKET_COUNT} packets of ${packetSizeBytes} bytes, ${TRANSFER_MS} ms a transfer`,
      rows,
      note: 'pyocd server: the OUT packets that pyOCD 0.45.1 sends for it to an emulated probe, as measured once.',
    };
  }
  yield await savemem();
}

/** Whether the probe always has something to do while memory is read, on buses as fast as USB has them. */
async function savemem(): Promise<Table> {
  const rows = [];
  for (const packetSizeBytes of [512, 64]) {
    for (const transferMs of [TRANSFER_MS, SLOW_TRANSFER_MS]) {
      const started = performance.now();
      const cost = await measureWireCost(conversations['savemem of 64 KB'], {
        ...{ packetSizeBytes, packetCount: SMALL_PACKET_COUNT, transferMs },
      });
      rows.push({
        ...{ 'packet bytes': packetSizeBytes, 'transfer ms': transferMs, 'bus ms': rounded(cost.busMs) },
        ...{ 'answer due, %': rounded(100 * cost.busyShare, 1), 'most in flight': cost.mostInFlight },
        'wall ms of the whole simulation': rounded(performance.now() - started),
      });
    }
  }
  return { title: `savemem of 64 KB on a probe of ${SMALL_PACKET_COUNT} packets, in virtual time`, rows };
}
