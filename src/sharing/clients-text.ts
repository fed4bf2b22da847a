import type { ClientName } from './client-lease.js';

/** Who is in somebody's way, for an error: "user:ada (127.0.0.1:4000)", or that and how many more. Not for nobody. */
export function clientsText([first, ...more]: readonly ClientName[]): string {
  const who = `${first.principal} (${first.address})`;
  return more.length === 0 ? who : `${who} and ${more.length} more`;
}
