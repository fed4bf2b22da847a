import assert from 'node:assert/strict';
import { RequestError, UnsupportedError } from '../../../src/base/errors.js';
import { bitString } from '../../../src/dap/bit-string.js';
import { DP } from '../../../src/dap/registers.js';
import { settle } from '../../support/fake-clock.js';
import { hidInterface, ScriptedDevice, toHex, type Step } from '../scripted-usb.js';
import { connectSwdSteps, infoSteps, NEVER, openProbe } from './opened-probe.js';

const swoOff: Step[] = [
  { out: '1800', in: ['1800'] },
  { out: '1700', in: ['1700'] },
];

describe('a probe with atomic commands', () => {
  const atomic = infoSteps({ capabilities: '01 11' });
  const packet = '7f 04 0201 1140420f00 040296000000 1300';

  it('is connected in one packet', async () => {
    const device = new ScriptedDevice(...atomic, { out: packet, in: ['7f04 0201 1100 0400 1300'] });
    const { probe } = await openProbe(device);

    assert.equal(await probe.connect('DEFAULT', NEVER), 'SWD');
    device.done();
  });

  it('is connected one by one if it only claims to have them', async () => {
    const device = new ScriptedDevice(...atomic, { out: packet, in: ['ff'] }, ...connectSwdSteps);
    const { probe } = await openProbe(device);

    assert.equal(await probe.connect('SWD', NEVER), 'SWD');
    device.done();
  });
});

describe('a probe without JTAG', () => {
  it('refuses to connect with it, and has no JTAG sequences', async () => {
    const { probe } = await openProbe(new ScriptedDevice(...infoSteps()));

    await assert.rejects(probe.connect('JTAG', NEVER), UnsupportedError);
    assert.equal(probe.jtag, undefined);
  });
});

describe('a JTAG sequence', () => {
  it('returns TDO where it is asked for', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 02' }),
      { out: '14 01 80 0000000000000000', in: ['1400 7704a04b00000000'] },
      { out: '14 01 46 3f', in: ['1400'] },
    );
    const { probe } = await openProbe(device);

    const tdo = await probe.jtag?.sequence({ tms: 0, readTdo: true, tdi: bitString(64, 0) }, NEVER);
    const nothing = await probe.jtag?.sequence({ tms: 1, readTdo: false, tdi: bitString(6, 63) }, NEVER);

    assert.deepEqual(tdo, bitString(64, 0x4ba00477));
    assert.equal(nothing, undefined);
    device.done();
  });
});

describe('the clock', () => {
  it('is remembered until the probe is connected, and sent at once afterwards', async () => {
    const device = new ScriptedDevice(...infoSteps(), ...connectSwdSteps, { out: '11 40f40100', in: ['1100'] });
    const { probe } = await openProbe(device);

    await probe.setClock(1_000_000.9, NEVER);
    await probe.connect('SWD', NEVER);
    await probe.setClock(128_064, NEVER);

    device.done();
  });

  it('is refused if it is none', async () => {
    const { probe } = await openProbe(new ScriptedDevice(...infoSteps()));

    for (const frequencyHz of [0, -1, Number.NaN, Infinity, 2 ** 32]) {
      await assert.rejects(probe.setClock(frequencyHz, NEVER), RequestError);
    }
  });
});

describe('nRESET', () => {
  it('is driven and read as a pin', async () => {
    const device = new ScriptedDevice(
      ...infoSteps(),
      { out: '10 00 80 00000000', in: ['1000'] },
      { out: '10 00 00 00000000', in: ['1003'] },
      { out: '10 80 80 00000000', in: ['1080'] },
      { out: '10 00 00 00000000', in: ['1083'] },
    );
    const { probe } = await openProbe(device);

    await probe.setReset(true, NEVER);
    assert.equal(await probe.readReset(NEVER), true);
    await probe.setReset(false, NEVER);
    assert.equal(await probe.readReset(NEVER), false);
    device.done();
  });

  // DAP_config.h, PORT_SWD_SETUP: "SWCLK, SWDIO, nRESET: output mode, set to high level".
  it('is asserted again after a connect, which lets go of it', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '10 00 80 00000000', in: ['1000'] }, ...connectSwdSteps, {
      out: '10 00 80 00000000',
      in: ['1000'],
    });
    const { probe } = await openProbe(device);
    await probe.setReset(true, NEVER);

    await probe.connect('SWD', NEVER);

    device.done();
  });

  it('falls back to the reset of the probe where it has no pin', async () => {
    const device = new ScriptedDevice(
      ...infoSteps(),
      { out: '10 00 80 00000000', in: ['ff'] },
      { out: '0a', in: ['0a 00 01'] },
    );
    const { probe } = await openProbe(device);

    await probe.setReset(true, NEVER);
    assert.equal(await probe.readReset(NEVER), true);
    await probe.setReset(false, NEVER);
    assert.equal(await probe.readReset(NEVER), false);
    device.done();
  });

  it('is refused where the probe has neither', async () => {
    const device = new ScriptedDevice(
      ...infoSteps(),
      { out: '10 00 80 00000000', in: ['ff'] },
      { out: '0a', in: ['0a 00 00'] },
    );
    const { probe } = await openProbe(device);

    await assert.rejects(probe.setReset(true, NEVER), UnsupportedError);
  });
});

describe('SWO', () => {
  function starting(transport: '01' | '02', mode: '01' | '02'): Step[] {
    return [
      ...swoOff,
      { out: `17${transport}`, in: ['1700'] },
      { out: `18${mode}`, in: ['1800'] },
      { out: '19 00c20100', in: ['19 00c20100'] },
      { out: '1a01', in: ['1a00'] },
    ];
  }

  it('is read from the probe until it has no more', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 09', swoBuffer: '04 00100000' }), // Manchester only
      ...starting('01', '02'),
      { out: '1c 3c00', in: [`1c 01 3c00 ${'aa'.repeat(60)}`] },
      { out: '1c 3c00', in: ['1c 01 0200 bbcc'] },
      { out: '1a00', in: ['1a00'] },
      ...swoOff,
    );
    const { probe } = await openProbe(device);

    await probe.swo?.start(115200, NEVER);
    const bytes = (await probe.swo?.read(NEVER)) ?? new Uint8Array();
    await probe.swo?.stop(NEVER);

    assert.equal(toHex(bytes), `${'aa'.repeat(60)}bbcc`);
    assert.deepEqual(await probe.swo?.read(NEVER), new Uint8Array(0));
    device.done();
  });

  it('is read for no longer than the buffer is large, where it comes as fast as it is read', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 05', swoBuffer: '04 78000000' }), // 120 bytes
      ...starting('01', '01'),
      ...Array<Step>(2).fill({ out: '1c 3c00', in: [`1c 01 3c00 ${'aa'.repeat(60)}`] }),
    );
    const { probe } = await openProbe(device);

    await probe.swo?.start(115200, NEVER);
    const bytes = await probe.swo?.read(NEVER);

    assert.equal(bytes?.length, 120);
    device.done();
  });

  it('comes by itself from the streaming endpoint, in order, and ends with stop', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 45', swoBuffer: '04 00100000' }),
      ...starting('02', '01'),
    );
    device.streams('4142', '43', '', '444546');
    const { probe } = await openProbe(device);

    await probe.swo?.start(115200, NEVER);
    await settle();
    const bytes = (await probe.swo?.read(NEVER)) ?? new Uint8Array();
    device.expect({ out: '1a00', in: ['1a00'] }, ...swoOff);
    await probe.swo?.stop(NEVER);

    assert.equal(toHex(bytes), '414243444546');
    device.done();
  });

  it('goes on after an error on the streaming endpoint', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 45', swoBuffer: '04 00100000' }),
      ...starting('02', '01'),
    );
    device.streams('4142', 'stall');
    const { probe, clock } = await openProbe(device);

    await probe.swo?.start(115200, NEVER);
    await settle();
    device.streams('43');
    await clock.advance(100);

    assert.equal(toHex((await probe.swo?.read(NEVER)) ?? new Uint8Array()), '414243');
  });

  it('goes on after any number of errors, as long as bytes come between them', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 45', swoBuffer: '04 00100000' }),
      ...starting('02', '01'),
    );
    const { probe, clock } = await openProbe(device);

    await probe.swo?.start(115200, NEVER);
    for (let i = 0; i < 12; i++) {
      device.streams('stall', '41');
      await clock.advance(100);
    }

    assert.equal((await probe.swo?.read(NEVER))?.length, 12);
  });

  it('of a client that does not read is dropped past 256 KiB', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 45', swoBuffer: '04 00100000' }),
      ...starting('02', '01'),
    );
    device.streams(...Array<string>(5000).fill('55'.repeat(64)));
    const { probe } = await openProbe(device);

    await probe.swo?.start(115200, NEVER);
    await settle();
    const bytes = await probe.swo?.read(NEVER);

    assert.equal(bytes?.length, 0x40000);
  });

  it('is polled where the interface has no endpoint for it', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ capabilities: '01 45', swoBuffer: '04 00100000' }),
      ...starting('01', '01').map(({ out, ...rest }) => ({ out: `${out}…`, ...rest })),
    );
    const { probe } = await openProbe(device, { interfaces: [hidInterface()] });

    await probe.swo?.start(115200, NEVER);

    device.done();
  });
});

describe('closing a probe', () => {
  it('stops SWO, lets go of the pins, and closes the device', async () => {
    const device = new ScriptedDevice(...infoSteps(), ...connectSwdSteps, { out: '03', in: ['0300'] });
    const { probe } = await openProbe(device);
    await probe.connect('SWD', NEVER);

    await probe[Symbol.asyncDispose]();

    assert.equal(device.closed, 1);
    device.done();
  });

  it('closes the device even if it does not answer any more', async () => {
    const device = new ScriptedDevice(...infoSteps(), ...connectSwdSteps, { out: '03' });
    const { probe } = await openProbe(device);
    await probe.connect('SWD', NEVER);

    await probe[Symbol.asyncDispose]();

    assert.equal(device.closed, 1);
  });
});

describe('a v1 probe', () => {
  it('is sent whole reports, padded with zeros, and the padding of its answers is ignored', async () => {
    const padding = '00'.repeat(57);
    const device = new ScriptedDevice(...infoSteps(), {
      out: `05 00 01 02 ${'00'.repeat(60)}`,
      in: [`05 01 01 7724b10b ${padding}`],
    });
    const { probe } = await openProbe(device, { interfaces: [hidInterface()] });

    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x0bb12477);
    device.done();
  });

  it('gets no packets longer than its reports, whatever it says', async () => {
    const device = new ScriptedDevice(...infoSteps({ packetSize: '02 0002' }));

    const { probe } = await openProbe(device, { interfaces: [hidInterface()] });

    assert.equal(probe.details.packetSizeBytes, 64);
  });
});
