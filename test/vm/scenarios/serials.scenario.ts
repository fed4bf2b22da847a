import assert from 'node:assert/strict';
import { emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { figure, scenario, SHORT } from '../scenario.js';

const serials = ['TWIN', 'TWIN', '', '\u0001\uffff\u0002\ud800', 'Labor 3 · Prüfplatz 測試'];

describe('probes with odd serial numbers', () => {
  scenario(`each have a uid of their own, the same after replug and restart ${SHORT}`, async (vm) => {
    const daemon = await GuestDaemon.start(vm);
    const probes = serials.map((uid) => emulatedProbe({ uid }));
    const plugAll = (): Promise<Disposable[]> => Promise.all(probes.map((probe, i) => vm.plug(probe, i + 1)));
    const served = async (running: GuestDaemon): Promise<string[]> => {
      const rows = await running.probes(
        (all) => all.filter(({ state }) => state === 'ready').length === probes.length,
        'all are ready',
      );
      return rows.map(({ uid, port = 0 }) => `${port} ${uid}`).sort();
    };

    let plugged = await plugAll();
    const first = await served(daemon);
    for (const device of plugged) device[Symbol.dispose]();
    await daemon.probes((all) => all.every(({ state }) => state === 'absent'), 'all are absent');
    plugged = await plugAll();
    const replugged = await served(daemon);
    await daemon.stop();
    const restarted = await served(await GuestDaemon.start(vm));

    figure(
      'serial numbers to uids',
      `${serials.map((text) => JSON.stringify(text)).join(', ')} -> ${first.join(', ')}`,
    );
    assert.equal(new Set(first).size, probes.length);
    assert.deepEqual(replugged, first);
    assert.deepEqual(restarted, first);
    assert.ok(first.some((line) => line.endsWith(' TWIN')) && first.some((line) => line.endsWith(serials[4])));
  });
});
