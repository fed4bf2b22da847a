import { Type } from 'typebox';

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as people write it. */
export const DURATION = Type.String({
  pattern: '^([1-9][0-9]{0,5}[smhd])+$',
  maxLength: 32,
  description: 'how long: "90s", "10m", "1h30m", "2d"',
});

/** @param text  fits `DURATION` @returns milliseconds */
export function parseDuration(text: string): number {
  const parts = text.matchAll(/(\d+)([smhd])/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit], 0);
}

/** The length of time as `parseDuration` reads it, in whole seconds: "1d", "1h30m". */
export function formatDuration(ms: number): string {
  let left = Math.round(ms / 1000) * 1000;
  let text = '';
  for (const [unit, length] of Object.entries(unitMs).reverse()) {
    const count = Math.floor(left / length);
    if (count > 0) text += `${count}${unit}`;
    left -= count * length;
  }
  return text === '' ? '0s' : text;
}
