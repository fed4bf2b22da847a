/**
 * A uid, name or prefix as the last words of a command line of `probectl`: behind "--" if it would be an option.
 */
export function probeWords(probe: string): readonly string[] {
  return probe.startsWith('-') ? ['--', probe] : [probe];
}
