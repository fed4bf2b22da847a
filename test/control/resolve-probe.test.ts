import assert from 'node:assert/strict';
import { AmbiguousProbeError, NoSuchProbeError, resolveProbe } from '../../src/control/resolve-probe.js';

const probes = [
  { uid: '0240000034544e45', name: 'bench' },
  { uid: '0240000034544e46', name: 'bench-left' },
  { uid: '066DFF', name: '0240000034544e45x' },
  { uid: 'usb-1-2' },
];

function errorOf(given: string): NoSuchProbeError | AmbiguousProbeError {
  try {
    assert.fail(`resolved to ${resolveProbe(probes, given)}`);
  } catch (error) {
    if (error instanceof NoSuchProbeError || error instanceof AmbiguousProbeError) return error;
    throw error;
  }
}

describe('a probe', () => {
  const rows: readonly (readonly [given: string, uid: string, why: string])[] = [
    ['0240000034544e45', '0240000034544e45', 'its uid, although a name begins so'],
    ['bench', '0240000034544e45', 'its name, although another name begins so'],
    ['BENCH', '0240000034544e45', 'its name in the other case'],
    ['066dff', '066DFF', 'its uid in the other case'],
    ['066', '066DFF', 'the beginning of its uid'],
    ['bench-', '0240000034544e46', 'the beginning of its name'],
    ['usb', 'usb-1-2', 'the beginning of its USB port path'],
  ];
  for (const [given, uid, why] of rows) {
    it(`is found by ${why}: ${given}`, () => assert.equal(resolveProbe(probes, given), uid));
  }

  it('is not chosen when several begin so: all of them are listed, by name where they have one', () => {
    const error = errorOf('0240');

    assert(error instanceof AmbiguousProbeError);
    assert.deepEqual(error.nearest, ['bench', 'bench-left', '0240000034544e45x']);
  });

  it('is not found by what is near: that is proposed', () => {
    assert.deepEqual(errorOf('bnech').nearest, ['bench', 'bench-left']);
    assert.deepEqual(errorOf('usb-1-3').nearest, ['usb-1-2']);
    assert.deepEqual(errorOf('zzzzzzzz').nearest, []);
    assert.deepEqual(errorOf('').nearest, []);
  });
});
