// "--" on the command line: what comes after it is no option. A probe may be called "-X1".

import { withoutOptions } from './command-words.js';

/** Stands before a word that begins with "-" and is no option, for yargs. No word of a command line has one: execve(2). */
const MARK = '\0';

export interface SplitLine {
  /** For yargs, with what is no option marked. */
  readonly words: readonly string[];
  /** Another program's command line, behind `run`'s "--". */
  readonly command: readonly string[];
}

/** Tells what is no option: what comes after "--", but for `run`, whose "--" is another, and the value of `--probe`. */
export function splitLine(args: readonly string[]): SplitLine {
  const end = args.indexOf('--');
  const before = (end < 0 ? args : args.slice(0, end)).map((word, i) =>
    args[i - 1] === '--probe' ? mark(word) : word,
  );
  const after = end < 0 ? [] : args.slice(end + 1);
  const typed = withoutOptions(before);
  if (typed.at(0) !== 'run') return { words: [...before, ...after.map(mark)], command: [] };
  // run -- -X1 -- COMMAND
  const isProbe = typed.length < 2 && after.indexOf('--') === 1;
  return isProbe ? { words: [...before, mark(after[0])], command: after.slice(2) } : { words: before, command: after };
}

function mark(word: string): string {
  return word.startsWith('-') ? `${MARK}${word}` : word;
}

/** A word, or a sentence with words in it, as it was typed. */
export function withoutMarks(text: string): string {
  return text.replaceAll(MARK, '');
}
