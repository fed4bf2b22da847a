import type { ReservationRow } from '../../control/snapshots.js';
import { remaining } from './age.js';

/** For whom, until when, and why: `for user:ada until 2026-01-01T00:00:00.000Z, 10m from now: firmware tests`. */
export function reservationText({ principal, until, reason }: ReservationRow, now: Date): string {
  const why = reason === undefined || reason === '' ? '' : `: ${reason}`;
  return `for ${principal} until ${until}, ${remaining(until, now)} from now${why}`;
}
