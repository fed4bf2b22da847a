import { stripVTControlCharacters } from 'node:util';
import type { Output } from './world.js';

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Paints a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** SGR parameters, ECMA-48 8.3.117. */
const codes: Record<Colour, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

export const plain: Paint = (_colour, text) => text;

/** Colour on a terminal only, and not where NO_COLOR is set and not empty (no-color.org). */
export function paintFor(output: Output, env: Readonly<Record<string, string | undefined>>): Paint {
  const wanted = output.isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return wanted ? (colour, text) => (text === '' ? '' : `\x1b[${codes[colour]}m${text}\x1b[0m`) : plain;
}

/** Width of a text on a terminal. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** Text from outside, such as a device's product name, without what would control a terminal. */
export function harmless(text: string): string {
  // C0, DEL and C1: the control characters of ISO 6429.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
