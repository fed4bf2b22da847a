import type { NumberedEvent } from '../../control/daemon-events.js';
import { harmless } from '../colour.js';

/** One event in one line: number, time, kind, and its fields as name=value. */
export function eventText({ sequence, time, event }: NumberedEvent): string {
  const { type, ...fields } = event;
  const words = Object.entries(fields).map(([name, value]) => ` ${name}=${fieldText(value)}`);
  return `${sequence} ${time} ${type}${words.join('')}\n`;
}

function fieldText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(fieldText).join(',');
  const text = harmless(String(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
