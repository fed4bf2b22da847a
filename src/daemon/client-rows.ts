// The clients of one probe, as operators see them.

import type { ClientRow, ReservationRow, WaitingRow } from '../control/snapshots.js';
import type { Reservation } from '../sharing/admission.js';
import type { ServedProbe } from './served-probe.js';

export function clientRows(served: ServedProbe | undefined): ClientRow[] {
  if (!served) return [];
  const leases = new Map(served.session.leases.map((lease) => [lease.client.id, lease]));
  return served.server.clients.map(({ client, since, traffic }) => {
    const lease = leases.get(client.id);
    return {
      client: client.id,
      address: client.address,
      principal: client.principal,
      since: since.toISOString(),
      ...traffic,
      open: lease?.isOpen ?? false,
      lockDepth: lease?.lockDepth ?? 0,
      capturesSwo: lease?.capturesSwo ?? false,
      holdsReset: lease?.holdsReset ?? false,
    };
  });
}

/** Who waits for its turn, the next first. */
export function waitingRows(served: ServedProbe | undefined): WaitingRow[] {
  return (served?.session.admission.waiting ?? []).map(({ guest: { client }, since }) => ({
    client: client.id,
    principal: client.principal,
    address: client.address,
    since: since.toISOString(),
  }));
}

export function reservationRow({ principal, until, reason }: Reservation): ReservationRow {
  return { principal, until: until.toISOString(), ...(reason !== undefined && { reason }) };
}
