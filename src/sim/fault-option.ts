// What goes wrong on a simulated board, as a person writes it: "fault=wait:ap:read:after=100:times=1000".

import { RequestError } from '../base/errors.js';
import type { AccessFault, AccessFaultKind, AccessPattern } from './target/access-faults.js';

const kinds: readonly AccessFaultKind[] = ['wait', 'fault', 'no-ack', 'parity', 'power-lost'];

/** Words that say which accesses. */
const patterns: Readonly<Record<string, AccessPattern>> = {
  dp: { port: 'DP' },
  ap: { port: 'AP' },
  read: { direction: 'read' },
  write: { direction: 'write' },
  '0x0': { address: 0x0 },
  '0x4': { address: 0x4 },
  '0x8': { address: 0x8 },
  '0xc': { address: 0xc },
};

/** Accesses are counted from the start of the daemon; more of them than this do not come. */
const MAX_ACCESSES = 1e9;

/**
 * @param text  what stands behind "fault=": a kind, then words that narrow it down, in any order, separated by colons
 * @throws RequestError  naming what is wrong and what is allowed
 */
export function parseFault(text: string): AccessFault {
  const [kindText, ...words] = text.split(':');
  const kind = kinds.find((known) => known === kindText);
  if (!kind) throw new RequestError(`simulated probe: no fault "${kindText}": choose from ${kinds.join(', ')}`);
  const { after, times, ...on } = Object.assign({}, ...words.map(parseWord)) as ParsedWord;
  return { kind, on, ...(after !== undefined && { after }), ...(times !== undefined && { times }) };
}

type ParsedWord = AccessPattern & Pick<AccessFault, 'after' | 'times'>;

function parseWord(word: string): ParsedWord {
  if (Object.hasOwn(patterns, word)) return patterns[word];
  const [, name, digits] = /^(after|times)=(\d+)$/.exec(word) ?? [];
  const count = Number(digits);
  if (name === 'after' && count <= MAX_ACCESSES) return { after: count };
  if (name === 'times' && count >= 1 && count <= MAX_ACCESSES) return { times: count };
  const known = [...Object.keys(patterns), 'after=N', 'times=N'].join(', ');
  throw new RequestError(
    `simulated probe: a fault cannot be "${word}": choose from ${known}, N at most ${MAX_ACCESSES}`,
  );
}
