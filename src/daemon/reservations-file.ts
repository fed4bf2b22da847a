// The text of the file of reservations:
//
//   {"format":1,"reservations":{"E6616407E3646B29":{"principal":"user:ada","until":"2026-01-01T00:00:00.000Z"}}}

import type { Reservation } from '../sharing/admission.js';

const FORMAT = 1;

export function encodeReservations(reservations: ReadonlyMap<string, Reservation>): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, reservations: Object.fromEntries(reservations) })}\n`);
}

/** @returns undefined if it is not such a file, or of another format */
export function decodeReservations(bytes: Uint8Array): ReadonlyMap<string, Reservation> | undefined {
  let file: unknown;
  try {
    file = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (!isObject(file) || file.format !== FORMAT || !isObject(file.reservations)) return undefined;
  const reservations = new Map<string, Reservation>();
  for (const [uid, value] of Object.entries(file.reservations)) {
    const reservation = readReservation(value);
    if (!reservation) return undefined;
    reservations.set(uid, reservation);
  }
  return reservations;
}

function readReservation(value: unknown): Reservation | undefined {
  if (!isObject(value)) return undefined;
  const { principal, until, reason } = value;
  if (typeof principal !== 'string' || typeof until !== 'string') return undefined;
  if (reason !== undefined && typeof reason !== 'string') return undefined;
  const date = new Date(until);
  if (Number.isNaN(date.getTime())) return undefined;
  return { principal, until: date, ...(reason !== undefined && { reason }) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
