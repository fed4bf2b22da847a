import assert from 'node:assert/strict';
import { type CommandLineSettings, parseCommandLine } from '../../src/config/command-line.js';
import { UsageError } from '../../src/config/config-error.js';
import type { Config } from '../../src/config/config.js';
import { servingHosts } from '../../src/config/remote-clients.js';
import { loadConfig } from '../../src/config/load-config.js';
import { servicePaths } from './service-paths.js';

function settingsOf(...args: string[]): CommandLineSettings {
  const result = parseCommandLine(args, '1.2.3');
  assert(result.action !== 'print');
  return result.settings;
}

/** What the arguments mean on a machine without a config file. */
function configOf(...args: string[]): Config {
  return loadConfig({ commandLine: settingsOf(...args), paths: { ...servicePaths, configFiles: [] } });
}

function complaintOf(...args: string[]): string {
  try {
    configOf(...args);
  } catch (error) {
    assert(error instanceof UsageError);
    return error.message;
  }
  assert.fail(`${args.join(' ')} was accepted`);
}

describe('the command line of probed', () => {
  it('listens on both loopback addresses and port 5555 by default', () => {
    const config = configOf();

    assert.deepEqual(servingHosts(config, 'A'), ['127.0.0.1', '::1']);
    assert.equal(config.ports.first, 5555);
    assert.equal(config.memoryHandles, undefined);
  });

  it('simulates one probe, a number of probes, or several kinds', () => {
    assert.equal(configOf('--simulate').simulate.length, 1);
    assert.equal(configOf('--simulate', '3').simulate.length, 3);
    assert.deepEqual(configOf('--simulate', '2,v1', '--simulate', 'second-ap,v2').simulate, [
      { options: ['v1'] },
      { options: ['v1'] },
      { options: ['second-ap', 'v2'] },
    ]);
  });

  it('listens on all addresses only when remote clients are allowed', () => {
    const hostsWith = (...args: string[]): readonly string[] => servingHosts(configOf(...args), 'A');

    assert.deepEqual(hostsWith('--allow-remote', 'any'), ['0.0.0.0', '::']);
    assert.deepEqual(hostsWith('--allow-remote', 'any', '--host', '192.0.2.1'), ['192.0.2.1']);
    assert.match(complaintOf('--host', '0.0.0.0'), /^--host: .*0\.0\.0\.0: .*--allow-remote/);
  });

  it('names a config file, and asks for nothing but its check', () => {
    assert.equal(settingsOf('--config', 'lab.toml').configFile, 'lab.toml');
    assert.equal(parseCommandLine(['--check-config'], '1.2.3').action, 'check-config');
    assert.equal(parseCommandLine([], '1.2.3').action, 'run');
  });

  it('sets nothing that is not there, so that the config file has its say', () => {
    assert.deepEqual(settingsOf(), { settings: { listen: {} } });
    assert.deepEqual(settingsOf('--no-allow-remote'), { settings: { listen: { allow_remote: [] } } });
  });

  it('takes other machines by address and network, several times, and says what else is wrong', () => {
    assert.deepEqual(settingsOf('--allow-remote', '192.0.2.7', '--allow-remote', '2001:db8::/32').settings, {
      listen: { allow_remote: ['192.0.2.7', '2001:db8::/32'] },
    });
    assert.match(complaintOf('--allow-remote'), /allow-remote/);
    assert.match(complaintOf('--allow-remote', 'desk'), /^--allow-remote desk: write an address, .* names of machines/);
  });

  it('prints help and version', () => {
    const help = parseCommandLine(['--help'], '1.2.3');
    const version = parseCommandLine(['--version'], '1.2.3');

    assert(help.action === 'print' && help.text.includes('--simulate'));
    assert.deepEqual(version, { action: 'print', text: '1.2.3' });
  });

  const mistakes: readonly [args: string[], complaint: RegExp][] = [
    [['--bogus'], /unknown option: bogus: see probed --help/],
    [['--chek-config'], /unknown option: chek-config: did you mean --check-config\?$/],
    [['stray'], /unknown option: stray/],
    [['--port'], /Not enough arguments following: port/],
    [['--port', 'http'], /--port http: a port is a number from 1 to 65535/],
    [['--port', '65536'], /--port 65536/],
    [['--port=-1'], /--port -1/],
    [['--port', '1', '--port', '2'], /--port is given 2 times/],
    [['--config', 'a', '--config', 'b'], /--config is given 2 times/],
    [['--uid='], /--uid: write the uid of a probe/],
    [['--port', '65535', '--simulate', '2'], /^--port: 2 probes need a port and 65535 to 65535 leaves 1/],
    [['--simulate', '0'], /1 to 256/],
    [['--simulate', '200', '--simulate', '100'], /at most 256/],
    [['--host', 'lab.example'], /IPv4 or IPv6 address/],
    [['--log-level', 'loud'], /error, warn, info, debug, trace/],
  ];
  for (const [args, complaint] of mistakes) {
    it(`explains what is wrong with ${args.join(' ')}`, () => {
      const message = complaintOf(...args);

      assert.match(message, complaint);
      assert.doesNotMatch(message, /\n/);
    });
  }
});
