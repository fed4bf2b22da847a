import assert from 'node:assert/strict';
import {
  fixedPorts,
  type ProbeFacts,
  probePolicy,
  probeSettings,
  settingSource,
} from '../../src/config/probe-policy.js';
import { loadText } from './load-text.js';

/** A Raspberry Pi Debug Probe behind a hub. */
const pico: ProbeFacts = {
  uid: 'E6616407E3646B29',
  family: 'cmsis-dap',
  vendorId: 0x2e8a,
  productId: 0x000c,
  product: 'Debug Probe (CMSIS-DAP)',
  portPath: '1-2.3',
};

function reasonFor(
  text: string,
  ...more: Parameters<typeof loadText> extends [string, ...infer R] ? R : never
): string {
  const policy = probePolicy(loadText(text, ...more), pico);
  return policy.served ? 'served' : policy.reason;
}

describe('a probe nobody has written about', () => {
  it('is served with the defaults', () => {
    assert.deepEqual(probePolicy(loadText(''), pico), {
      served: true,
      settings: { memoryHandles: false, postedWrites: true, sharing: 'shared', allowRemote: [] },
    });
  });
});

describe('a rule', () => {
  for (const key of ['uid = "e661*"', 'usb_id = "2E8A:000?"', 'product = "*debug probe*"', 'usb_path = "1-2.*"']) {
    it(`ignores the probe by ${key}, and says where that is written`, () => {
      assert.equal(reasonFor(`\n[[ignore]]\n${key}\n`), 'ignored by [[ignore]] at t:2:1');
      assert.equal(reasonFor(`[[match]]\n${key}\n`), 'served');
    });
  }

  it('wants all of its keys to fit', () => {
    assert.equal(reasonFor('[[ignore]]\nusb_id = "2e8a:*"\nusb_path = "3-*"\n'), 'served');
    assert.equal(reasonFor('[[match]]\nusb_id = "2e8a:*"\nusb_path = "3-*"\n'), 'does not fit [[match]] at t:1:1');
  });

  it('is one of several, of which one must fit', () => {
    assert.equal(reasonFor('[[match]]\nuid = "A*"\n[[match]]\nuid = "E*"\n'), 'served');
    assert.equal(
      reasonFor('[[match]]\nuid = "A*"\n[[match]]\nuid = "B*"\n'),
      'fits none of the 2 [[match]] rules from t:1:1 on',
    );
  });

  it('that ignores goes over one that matches', () => {
    assert.equal(
      reasonFor('[[match]]\nuid = "*"\n[[ignore]]\nuid = "X"\n[[ignore]]\nuid = "E*"\n'),
      'ignored by [[ignore]] at t:5:1',
    );
  });

  it('of the command line replaces those of the file', () => {
    assert.equal(
      reasonFor('[[match]]\nuid = "E*"\n', { settings: { match: [{ uid: 'A' }] } }),
      'not one of those that --uid names',
    );
  });

  it('by product does not fit a device without a product string, except for one that fits everything', () => {
    const { uid, family, vendorId, productId, portPath } = pico;
    const nameless = { uid, family, vendorId, productId, portPath };

    assert.equal(probePolicy(loadText('[[match]]\nproduct = "?*"\n'), nameless).served, false);
    assert.equal(probePolicy(loadText('[[match]]\nproduct = "*"\n'), nameless).served, true);
  });
});

describe('a family', () => {
  it('that is off leaves its probes to others, whatever the rules say, and says where that is written', () => {
    const off = '[families]\noff = ["cmsis-dap"]\n[[match]]\nuid = "E*"\n';

    assert.equal(reasonFor(off), 'family cmsis-dap is off at t:2:1');
    assert.equal(probePolicy(loadText(off), { ...pico, family: 'st-link' }).served, true);
  });
});

describe('a probe with an entry of its own', () => {
  const text = [
    '[[probe]]',
    'uid = "E6616407E3646B29"',
    'name = "left"',
    'port = 5600',
    'clock_limit = 4_000_000',
    'memory_handles = true',
    'target = "rp2040"',
  ].join('\n');

  it('is served as that says', () => {
    assert.deepEqual(probePolicy(loadText(text), pico), {
      served: true,
      settings: {
        name: 'left',
        port: 5600,
        clockLimitHz: 4_000_000,
        memoryHandles: true,
        postedWrites: true,
        sharing: 'shared',
        allowRemote: [],
        target: 'rp2040',
      },
    });
    assert.deepEqual([...fixedPorts(loadText(text))], [['E6616407E3646B29', 5600]]);
  });

  it('is not served where the entry says so', () => {
    assert.equal(reasonFor(`${text}\nenabled = false\n`), 'disabled at t:8:1');
  });

  it('has no say against the command line', () => {
    const config = loadText(text, { settings: {}, memoryHandles: false });

    assert.equal(probeSettings(config, pico.uid).memoryHandles, false);
    assert.equal(settingSource(config, pico.uid, 'memory_handles'), 'command line');
  });
});

describe('what probectl has set for a probe', () => {
  it('holds where the file says nothing', () => {
    const config = loadText('');

    assert.deepEqual(probePolicy(config, pico, { enabled: false }), {
      served: false,
      reason: 'disabled: run "probectl enable"',
    });
    assert.equal(probeSettings(config, pico.uid, { name: 'right' }).name, 'right');
    assert.equal(settingSource(config, pico.uid, 'name', { name: 'right' }), 'probectl');
    assert.equal(settingSource(config, pico.uid, 'name'), 'default');
  });

  it('gives way to the file, which is named', () => {
    const config = loadText('[[probe]]\nuid = "E6616407E3646B29"\nname = "left"\nenabled = true\n');
    const operator = { name: 'right', enabled: false };

    assert.equal(probePolicy(config, pico, operator).served, true);
    assert.equal(probeSettings(config, pico.uid, operator).name, 'left');
    assert.equal(settingSource(config, pico.uid, 'name', operator), 't:3:1');
    assert.equal(settingSource(config, pico.uid, 'enabled', operator), 't:4:1');
  });
});
