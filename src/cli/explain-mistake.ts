import { didYouMean, nearest } from '../base/nearest.js';
import { commandWords, optionsOf, usageOfAny, withoutOptions } from './command-words.js';

/**
 * What is wrong with a command line, and what may have been meant.
 * @param message  yargs' own words for it
 */
export function explainMistake(message: string, words: readonly string[]): string {
  const commandNames = commandWords.map(({ word }) => word);
  const typed = withoutOptions(words);
  const command = typed.at(0);
  const isKnown = command !== undefined && commandNames.includes(command);
  if (command !== undefined && !isKnown) {
    return `there is no command ${command}: ${didYouMean(nearest(command, commandNames)) ?? 'see probectl --help'}`;
  }
  // Of --one-word yargs also names oneWord.
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown !== undefined && !typed.includes(unknown)) {
    const options = optionsOf(command).map(({ word }) => word);
    return `unknown option --${unknown}: ${didYouMean(nearest(`--${unknown}`, options)) ?? 'see probectl --help'}`;
  }
  if (isKnown && unknown !== undefined && words[words.indexOf(unknown) - 1] === '--wait') {
    return `${command}: a time to wait is written with "=": --wait=${unknown}`;
  }
  const missing = /^Missing required arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (isKnown && missing !== undefined) return `${command}: --${missing} is missing: see probectl ${command} --help`;
  if (isKnown && (unknown !== undefined || message.startsWith('Not enough non-option arguments'))) {
    const what = unknown === undefined ? 'something is missing' : `${unknown} is too much`;
    const usage = usageOfAny(command);
    const dashed = usage.includes('<probe>') && unknown === undefined ? unknownOption(command, words) : undefined;
    const hint = dashed === undefined ? '' : `, and ${dashed} is no option: a probe of that name comes after "--"`;
    return `${command}: ${what}: it is called as probectl ${usage}${hint}`;
  }
  return `${message.replace(/\s+/g, ' ')}: see probectl --help`;
}

/** @returns undefined if there is none */
function unknownOption(command: string, words: readonly string[]): string | undefined {
  const known = optionsOf(command).map(({ word }) => word);
  return words.find((word) => word.startsWith('-') && !known.includes(word.replace(/=.*/s, '')));
}
