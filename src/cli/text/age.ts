/** How long ago an ISO time was, in at most four characters: "5s", "12m", "3h", "45d". */
export function age(time: string, now: Date): string {
  return duration(now.getTime() - Date.parse(time));
}

/** How far ahead an ISO time is, in as many. */
export function remaining(time: string, now: Date): string {
  return duration(Date.parse(time) - now.getTime());
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (Number.isNaN(seconds)) return '?';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
