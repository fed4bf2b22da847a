/**
 * A text as one word of a command line, for shells of every kind (POSIX, zsh, fish): as it is where none of them sees more
 * in it than letters, else in single quotes. Backslashes stand outside of those, where fish still heeds them.
 */
export function shellWord(text: string): string {
  return /^[\w./:@+,-]+$/.test(text) ? text : `'${text.replaceAll(/['\\]/g, "'\\$&'")}'`;
}
