import { defaultPaths } from '../../src/config/paths.js';

/** The paths of a daemon that runs as a Linux service: those the reference page and etc/probed.toml show. */
export const servicePaths = defaultPaths({ platform: 'linux', arch: 'x64', env: {}, isRoot: true });
