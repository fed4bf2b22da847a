import { ConfigError, UsageError } from '../../config/config-error.js';
import { loadConfig } from '../../config/load-config.js';
import type { Paths } from '../../config/paths.js';

/**
 * All that is wrong with the config file, as `file:line:column: what`. Options of simulated probes are not looked at:
 * only the daemon knows them.
 *
 * @param file  the file to check; without it, the first of the usual places
 */
export function configComplaints(paths: Paths, file?: string): readonly string[] {
  try {
    loadConfig({ commandLine: { settings: {}, ...(file !== undefined && { configFile: file }) }, paths });
    return [];
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError) return error.message.split('\n');
    throw error;
  }
}
