// What may come next on the command line. The shells' scripts call `probectl __complete WORDS… CURRENT`.

import { commands } from '../control/commands.js';
import type { ProbeName } from '../control/resolve-probe.js';
import { commandTexts } from './command-texts.js';
import { serviceActions, type Shell, shells } from './command-line.js';
import { type Candidate, commandWords, optionsOf, withoutOptions } from './command-words.js';
import { ownCommands } from './own-commands.js';

/**
 * @param words   what is typed after `probectl`, the word at the cursor last
 * @param probes  what uids and names there are; asked only where one may come
 */
export async function complete(
  words: readonly string[],
  probes: () => Promise<readonly (ProbeName & { readonly product: string })[]>,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const typed = words.slice(0, -1);
  const before = withoutOptions(typed);
  const isPlain = typed.includes('--');
  if (current.startsWith('-') && !isPlain) return startingWith(current, optionsOf(before.at(0)));
  const candidates = startingWith(current, await wordsAfter(before, probes));
  return isPlain ? candidates : candidates.filter(({ word }) => !word.startsWith('-')); // it would be an option
}

function startingWith(current: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ word }) => word.startsWith(current));
}

async function wordsAfter(
  before: readonly string[],
  probes: Parameters<typeof complete>[1],
): Promise<readonly Candidate[]> {
  const name = before.at(0);
  const given = before.slice(1);
  if (name === undefined) return commandWords;
  if (name === 'completion') return given.length > 0 ? [] : shells.map((word) => ({ word, about: 'shell' }));
  if (name === 'service') return given.length > 0 ? [] : serviceActions.map((word) => ({ word, about: 'the service' }));
  const command = commands.find((declared) => declared.name === name);
  const isProbe = command
    ? commandTexts[command.name].positions.at(given.length) === 'probe'
    : given.length === 0 && ownCommands.some(({ name: own, usage }) => own === name && usage.includes('<probe>'));
  if (!isProbe) return [];
  return (await probes()).flatMap(({ uid, name: called, product }) => [
    ...(called === undefined ? [] : [{ word: called, about: product }]),
    { word: uid, about: product },
  ]);
}

/** A script for a shell to read at its start. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return BASH;
    case 'zsh':
      return ZSH;
    case 'fish':
      return FISH;
  }
}

// bash(1), "Programmable Completion"
const BASH = `# probectl completion for bash: eval "$(probectl completion bash)"
_probectl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(probectl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _probectl probectl
`;

// zshcompsys(1): compadd; words and CURRENT count from 1
const ZSH = `#compdef probectl
# probectl completion for zsh: eval "$(probectl completion zsh)"
_probectl() {
  local line
  local -a found about
  while IFS= read -r line; do
    found+=("\${line%%$'\\t'*}")
    about+=("\${line/$'\\t'/  }")
  done < <(probectl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  compadd -l -d about -a found
}
compdef _probectl probectl
`;

// fish: complete(1), -a with a command substitution; a tab separates word and description
const FISH = `# probectl completion for fish: probectl completion fish | source
complete -c probectl -f -a '(probectl __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`;
