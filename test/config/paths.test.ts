import assert from 'node:assert/strict';
import { defaultPaths } from '../../src/config/paths.js';

describe('the default paths', () => {
  it('of a Linux service are those of the file hierarchy standard', () => {
    assert.deepEqual(defaultPaths({ platform: 'linux', arch: 'x64', env: { HOME: '/root' }, isRoot: true }), {
      platform: 'linux',
      configFiles: ['/etc/probed/probed.toml'],
      hostFiles: ['/etc/probed/probectl.toml'],
      stateDirectory: '/var/lib/probed',
      auditFile: '/var/log/probed/audit.jsonl',
      controlSocket: '/run/probed/control.sock',
      controlSockets: ['/run/probed/control.sock'],
    });
  });

  it('of a unit are the directories systemd made for it', () => {
    const env = {
      STATE_DIRECTORY: '/var/lib/lab:/var/lib/other',
      RUNTIME_DIRECTORY: '/run/lab',
      LOGS_DIRECTORY: '/var/log/lab',
    };

    const paths = defaultPaths({ platform: 'linux', arch: 'x64', env, isRoot: false });

    assert.equal(paths.stateDirectory, '/var/lib/lab');
    assert.equal(paths.controlSocket, '/run/lab/control.sock');
    assert.equal(paths.auditFile, '/var/log/lab/audit.jsonl');
    assert.deepEqual(paths.configFiles, ['/etc/probed/probed.toml']);
  });

  it("of a user are the user's own, and probectl still finds the service", () => {
    const env = { HOME: '/home/kim', XDG_RUNTIME_DIR: '/run/user/1000', XDG_STATE_HOME: 'relative/is/ignored' };

    assert.deepEqual(defaultPaths({ platform: 'linux', arch: 'x64', env, isRoot: false }), {
      platform: 'linux',
      configFiles: ['/home/kim/.config/probed/probed.toml', '/etc/probed/probed.toml'],
      hostFiles: ['/home/kim/.config/probed/probectl.toml', '/etc/probed/probectl.toml'],
      stateDirectory: '/home/kim/.local/state/probed',
      auditFile: '/home/kim/.local/state/probed/audit.jsonl',
      controlSocket: '/run/user/1000/probed/control.sock',
      controlSockets: ['/run/user/1000/probed/control.sock', '/run/probed/control.sock'],
    });
  });

  for (const [arch, prefix, other] of [
    ['arm64', '/opt/homebrew', '/usr/local'],
    ['x64', '/usr/local', '/opt/homebrew'],
  ] as const) {
    it(`of a Mac (${arch}) are under the prefix Homebrew has there`, () => {
      const paths = defaultPaths({ platform: 'darwin', arch, env: {}, isRoot: false });

      assert.deepEqual(paths.configFiles, [`${prefix}/etc/probed/probed.toml`, `${other}/etc/probed/probed.toml`]);
      assert.equal(paths.stateDirectory, `${prefix}/var/lib/probed`);
      assert.equal(paths.auditFile, `${prefix}/var/log/probed/audit.jsonl`);
      assert.equal(paths.controlSocket, `${prefix}/var/run/probed/control.sock`);
    });
  }

  it('of a Mac follow HOMEBREW_PREFIX', () => {
    const env = { HOMEBREW_PREFIX: '/Users/kim/brew', HOME: '/Users/kim' };

    const paths = defaultPaths({ platform: 'darwin', arch: 'arm64', env, isRoot: false });

    assert.equal(paths.configFiles[0], '/Users/kim/.config/probed/probed.toml');
    assert.equal(paths.configFiles[1], '/Users/kim/brew/etc/probed/probed.toml');
    assert.equal(paths.stateDirectory, '/Users/kim/brew/var/lib/probed');
  });
});
