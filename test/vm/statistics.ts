/** The smallest value that at least this share of the values does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** "p50 120 ms, p95 230 ms, longest 250 ms of 30". @param seconds  what was measured */
export function describeTimes(seconds: readonly number[]): string {
  const ms = (value: number): string => `${Math.round(value * 1000)} ms`;
  const [middle, high, most] = [0.5, 0.95, 1].map((share) => ms(percentile(seconds, share)));
  return `p50 ${middle}, p95 ${high}, longest ${most} of ${seconds.length}`;
}
