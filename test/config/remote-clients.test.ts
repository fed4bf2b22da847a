import assert from 'node:assert/strict';
import { probeSettings, settingSource } from '../../src/config/probe-policy.js';
import { mayBeUsedRemotely, servingHosts } from '../../src/config/remote-clients.js';
import { loadText } from './load-text.js';

const everywhere = ['0.0.0.0', '::'];
const loopback = ['127.0.0.1', '::1'];

describe('a probe and the clients of other machines', () => {
  it('nobody may use it, and it is served on loopback, until somebody is named', () => {
    const config = loadText('');

    assert.equal(mayBeUsedRemotely(config, 'A'), false);
    assert.deepEqual(servingHosts(config, 'A'), loopback);
  });

  it('has the list of [listen], and is served everywhere then', () => {
    const config = loadText('[listen]\nallow_remote = ["192.0.2.0/24"]\n');

    assert.deepEqual(probeSettings(config, 'A').allowRemote, ['192.0.2.0/24']);
    assert.equal(settingSource(config, 'A', 'allow_remote'), 't:2:1');
    assert.equal(mayBeUsedRemotely(config, 'A'), true);
    assert.deepEqual(servingHosts(config, 'A'), everywhere);
  });

  it('has its own list in place of that of [listen], be it empty', () => {
    const config = loadText(
      '[listen]\nallow_remote = ["192.0.2.0/24"]\n' +
        '[[probe]]\nuid = "A"\nallow_remote = ["198.51.100.7"]\n[[probe]]\nuid = "B"\nallow_remote = []\n',
    );

    assert.deepEqual(probeSettings(config, 'A').allowRemote, ['198.51.100.7']);
    assert.equal(settingSource(config, 'A', 'allow_remote'), 't:5:1');
    assert.equal(mayBeUsedRemotely(config, 'B'), false);
    assert.deepEqual(servingHosts(config, 'B'), loopback);
    assert.deepEqual(servingHosts(config, 'C'), everywhere);
  });

  it('is served where the config says, and cannot be used from outside if that is loopback', () => {
    const text = '[listen]\nallow_remote = ["any"]\naddresses = ';

    assert.deepEqual(servingHosts(loadText(`${text}["localhost", "127.0.0.1"]`), 'A'), loopback);
    assert.equal(mayBeUsedRemotely(loadText(`${text}["localhost"]`), 'A'), false);
    assert.equal(mayBeUsedRemotely(loadText(`${text}["localhost", "192.0.2.1"]`), 'A'), true);
  });

  it('has the list of the command line in place of any of the file', () => {
    const text = '[[probe]]\nuid = "A"\nallow_remote = ["198.51.100.7"]\n';
    const config = loadText(text, { settings: { listen: { allow_remote: [] } } });

    assert.equal(mayBeUsedRemotely(config, 'A'), false);
    assert.equal(settingSource(config, 'A', 'allow_remote'), 'command line');
  });

  it('may be the only one for whom another address is listened on', () => {
    const text = '[listen]\naddresses = ["192.0.2.1"]\n[[probe]]\nuid = "A"\nallow_remote = ["192.0.2.7"]\n';

    assert.deepEqual(servingHosts(loadText(text), 'B'), ['192.0.2.1']);
    assert.equal(mayBeUsedRemotely(loadText(text), 'B'), false);
  });
});
