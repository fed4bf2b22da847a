import assert from 'node:assert/strict';
import { hidReportSizes } from '../../src/usb/hid-report-sizes.js';

function sizes(hex: string): unknown {
  return hidReportSizes(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

// Items by HID 1.11, 6.2.2: 75 report size, 95/96 report count (one, two bytes), 85 report id, 81 input, 91 output, a4 push, b4 pop.
describe('the report sizes of a HID descriptor', () => {
  it('are size times count, in bytes', () => {
    assert.deepEqual(sizes('06 00ff 75 08 95 40 81 02 96 0002 91 02'), { inputSizeBytes: 64, outputSizeBytes: 512 });
  });

  it('are those of the longest report where there are several, each with all of its parts', () => {
    assert.deepEqual(sizes('75 08 85 01 95 08 81 02 81 02 85 02 95 04 81 02 91 02'), {
      inputSizeBytes: 16,
      outputSizeBytes: 4,
    });
  });

  it('respect push and pop, and pass over long items', () => {
    assert.deepEqual(sizes('75 08 95 20 a4 95 01 fe 02 00 aa bb b4 81 02 91 02'), {
      inputSizeBytes: 32,
      outputSizeBytes: 32,
    });
  });

  it('are unknown where a direction is missing, or the descriptor is cut short', () => {
    assert.equal(sizes('75 08 95 40 81 02'), undefined);
    assert.equal(sizes('75 08 95 40 81 02 91 02 96 00'), undefined);
    assert.equal(sizes(''), undefined);
  });
});
