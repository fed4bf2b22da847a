// Globs of match and ignore rules.

/** Whether a text fits a glob. Upper and lower case are the same. */
export type Glob = (text: string) => boolean;

type Token = 'any' | ((character: string) => boolean);

/** The glob is malformed; the message says where. */
export class GlobError extends Error {}

/**
 * Compiles a glob: `*` any characters, also none, `?` one, `[a-f0]` one of these, `[!a-f]` one but these, and `\` before
 * any of them for itself. The whole text must fit. `/` and `.` are characters like any other.
 *
 * @throws GlobError
 */
export function compileGlob(pattern: string): Glob {
  const tokens = parse(pattern.toLowerCase());
  return (text) => fits(tokens, Array.from(text.toLowerCase()));
}

/** What is wrong with a glob; undefined if nothing is. */
export function globProblem(pattern: string): string | undefined {
  try {
    compileGlob(pattern);
  } catch (error) {
    if (error instanceof GlobError) return error.message;
    throw error;
  }
  return undefined;
}

/** A glob that only `text` fits. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\\]/g, '\\$&');
}

function parse(pattern: string): readonly Token[] {
  if (pattern === '') throw new GlobError('it is empty');
  const characters = Array.from(pattern);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    if (character === '*') {
      if (tokens.at(-1) !== 'any') tokens.push('any');
    } else if (character === '?') {
      tokens.push(() => true);
    } else if (character === '[') {
      // A "]" right behind the opening is one of the set, as everywhere else where globs are used.
      const start = at + (characters[at + 1] === '!' ? 2 : 1);
      const end = characters.indexOf(']', start + 1);
      if (end < 0) throw new GlobError('a "[" has no "]"');
      tokens.push(characterSet(characters.slice(start, end), start > at + 1));
      at = end;
    } else {
      const literal = character === '\\' ? characters.at(++at) : character;
      if (literal === undefined) throw new GlobError('there is nothing behind the last "\\"');
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

function characterSet(members: readonly string[], negated: boolean): Token {
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const first = members[at] ?? '';
    const last = members[at + 1] === '-' ? members[at + 2] : undefined;
    if (last !== undefined && last < first) throw new GlobError(`the range ${first}-${last} is backwards`);
    ranges.push([first, last ?? first]);
    if (last !== undefined) at += 2;
  }
  return (character) => ranges.some(([first, last]) => first <= character && character <= last) !== negated;
}

/** Goes back to the last `*` only, so the time is at most the product of both lengths. */
function fits(tokens: readonly Token[], text: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let retry: { token: number; at: number } | undefined;
  for (;;) {
    const expected = tokens.at(token);
    const character = text.at(at);
    if (expected === 'any') {
      token++;
      retry = { token, at };
    } else if (expected === undefined && character === undefined) {
      return true;
    } else if (expected && character !== undefined && expected(character)) {
      token++;
      at++;
    } else if (retry && retry.at < text.length) {
      retry = { token: retry.token, at: retry.at + 1 };
      ({ token, at } = retry);
    } else {
      return false;
    }
  }
}
