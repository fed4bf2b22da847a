/** How long ago an ISO time was, in at most four characters: "5s", "12m", "3h", "45d". */
export function age(time: string, now: Date): string {
  return duration(Math.floor((now.getTime() - Date.parse(time)) / 1000));
}

/** How far ahead an ISO time is, in as many: what was asked for a moment ago is not a second short of it. */
export function remaining(time: string, now: Date): string {
  return duration(Math.ceil((Date.parse(time) - now.getTime()) / 1000));
}

function duration(wholeSeconds: number): string {
  const seconds = Math.max(0, wholeSeconds);
  if (Number.isNaN(seconds)) return '?';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
