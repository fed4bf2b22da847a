import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop is: the 99th percentile since `begin`. Nobody waits for us while we start up. */
export function watchLoopDelay(): { readonly begin: () => void; readonly p99Ms: () => number } {
  const resolution = 50; // the histogram counts the interval itself as well
  const histogram = monitorEventLoopDelay({ resolution });
  return {
    begin: () => histogram.enable(),
    p99Ms: () => Math.max(0, Math.round((histogram.percentile(99) / 1e6 - resolution) * 10) / 10),
  };
}
