import type { CommandLineSettings } from '../../src/config/command-line.js';
import { ConfigError } from '../../src/config/config-error.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig, type LoadOptions } from '../../src/config/load-config.js';
import { servicePaths } from './service-paths.js';

/** A config from the text of a file called "t". */
export function loadText(
  text: string,
  commandLine: Omit<CommandLineSettings, 'configFile'> = { settings: {} },
  checks: Pick<LoadOptions, 'families' | 'simulatedProblem'> = {},
): Config {
  return loadConfig({
    commandLine: { ...commandLine, configFile: 't' },
    paths: servicePaths,
    readFile: () => new TextEncoder().encode(text),
    ...checks,
  });
}

/** The lines of complaint about the text, as a user sees them. */
export function complaintsAbout(
  text: string,
  ...more: [CommandLineSettings?, Parameters<typeof loadText>[2]?]
): readonly string[] {
  try {
    loadText(text, ...more);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}
