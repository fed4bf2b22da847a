/** The names that people may give: they go into tables, host names and shell lines. `pattern` is of the whole name. */
export const GIVEN_NAME = {
  pattern: '[A-Za-z0-9][A-Za-z0-9_.-]{0,63}',
  allowed: 'up to 64 letters, digits, "_", "." and "-", the first a letter or digit',
} as const;
