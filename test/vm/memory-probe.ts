// How much memory a program of ours in the guest really needs: what is left when the garbage has been collected. Its
// resident size alone says little: V8 lets garbage lie for as long as there is room.

import type { GuestAgent } from './guest-agent.js';

const PRELOAD = '/run/memory-probe.cjs';
const FIGURES = '/run/probed/memory.json';
/** At SIGUSR2, which the daemon has no use for. A collection may leave work for the event loop, hence the second one. */
const preload = `
  const fs = require('node:fs');
  process.on('SIGUSR2', () => {
    gc();
    setTimeout(() => {
      gc();
      fs.writeFileSync('${FIGURES}.new', JSON.stringify(process.memoryUsage()));
      fs.renameSync('${FIGURES}.new', '${FIGURES}');
    }, 100);
  });
`;

export interface MemoryFigures {
  /** V8's heap, and what it holds outside of it: buffers. */
  readonly usedMb: number;
  readonly residentMb: number;
}

/** Writes the probe into the guest. @returns the options with which Node takes it */
export async function installMemoryProbe(agent: GuestAgent): Promise<readonly string[]> {
  await agent.writeFile(PRELOAD, preload);
  return ['--expose-gc', '--require', PRELOAD];
}

/** @param pid  of a program that was started with the probe */
export async function memoryInUse(agent: GuestAgent, pid: number): Promise<MemoryFigures> {
  const text = await agent.shell(
    `rm -f ${FIGURES}; kill -USR2 ${pid}; for i in $(seq 200); do [ -e ${FIGURES} ] && exec cat ${FIGURES}; sleep 0.1; done; exit 1`,
  );
  const { heapUsed, external, rss } = JSON.parse(text) as NodeJS.MemoryUsage;
  return { usedMb: (heapUsed + external) / 2 ** 20, residentMb: rss / 2 ** 20 };
}
