import { type Check, fine, problem } from './check.js';
import { INSTALL_SERVICE, installedService } from './installed-service.js';

/** `engines` of package.json. */
const LEAST_NODE = [20, 19] as const;

export const checkNode: Check = async ({ system: { nodeVersion } }) => {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isNew = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return isNew
    ? [fine(`Node ${nodeVersion}`)]
    : [
        problem(
          `Node ${nodeVersion} is too old: probed needs ${LEAST_NODE.join('.')}`,
          'npm install -g node@22   (or the package of your system)',
        ),
      ];
};

export const checkConfigFile: Check = async ({ checkConfig, daemon }) => {
  if (!checkConfig) return [];
  // The daemon runs as another user, whose usual places are others.
  const file = daemon.kind === 'answers' ? daemon.status.configFile : undefined;
  const complaints = await checkConfig(file);
  const command = `probed --check-config${file === undefined ? '' : ` --config ${file}`}`;
  if (complaints.length === 0) return [fine('the config is valid')];
  return complaints.map((complaint) => problem(complaint, `${command}   (after mending the line)`));
};

/** Where udev reads rules from: udev(7), "Rules files". */
const RULES = ['/etc/udev/rules.d', '/run/udev/rules.d', '/usr/local/lib/udev/rules.d', '/usr/lib/udev/rules.d'];

export const checkUdevRules: Check = async ({ system }) => {
  if (system.platform !== 'linux') return [];
  for (const directory of [...RULES, '/lib/udev/rules.d']) {
    const file = (await system.list(directory))?.find((name) => /probed.*\.rules$/.test(name));
    if (file !== undefined) return [fine(`udev rules are installed: ${directory}/${file}`)];
  }
  const remedy =
    (await installedService(system)) === 'packaged'
      ? 'sudo apt install --reinstall probed && sudo udevadm control --reload && sudo udevadm trigger'
      : INSTALL_SERVICE;
  return [problem('udev rules for probes are not installed', remedy)];
};
