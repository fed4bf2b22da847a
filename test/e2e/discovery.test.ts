// Machines at one switch that tell each other of their probes, and what Avahi and "probectl list --all" make of it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { Disposer } from '../../src/base/disposer.js';
import { AvahiDaemon, avahiBrowse, requireAvahi } from '../support/avahi.js';
import type { DaemonProcess } from '../support/daemon-process.js';
import { bundledPrograms, type Programs } from '../support/programs.js';
import { type Machine, SwitchedLab } from '../support/switched-lab.js';

const OPEN = '[listen]\nallow_remote = ["any"]\n';
/** Far longer than it takes until a probe is known to the network, a second after it is served. */
const PATIENCE_MS = 15_000;

type Rows = readonly (readonly string[])[];

/** Rows of a table, without its head: each line's words. */
function rows(stdout: string): Rows {
  return stdout.trim().split('\n').slice(1).map((line) => line.split(/ {2,}/)); // prettier-ignore
}

describe('machines at one switch', function () {
  this.timeout(120_000);
  const disposer = new Disposer();
  const daemons = new Disposer();
  let lab: SwitchedLab;
  let developer: Machine;
  let programs: Programs;
  before(function () {
    lab = disposer.use(SwitchedLab.orSkip(this));
    developer = lab.machine('dev');
    programs = disposer.use(bundledPrograms()).own;
  });
  after(() => disposer[Symbol.asyncDispose]());
  afterEach(() => daemons[Symbol.asyncDispose]());

  async function serve(machine: Machine, probes: number, config: string): Promise<DaemonProcess> {
    return daemons.use(await machine.daemon(probes, config, programs));
  }

  /** What a developer's `probectl list --all` finds elsewhere, as soon as it is what is expected; else the last of it. */
  async function listed(isExpected: (found: Rows) => boolean): Promise<Rows> {
    for (const end = performance.now() + PATIENCE_MS; ;) {
      const { stdout } = await developer.probectl(programs, '/nowhere', 'list', '--all', '--socket', '/nowhere');
      const found = rows(stdout).slice(0, -1); // the last line: no daemon here
      if (isExpected(found) || performance.now() > end) return found;
    }
  }

  async function assertListed(expected: Rows): Promise<void> {
    assert.deepEqual(await listed((found) => isDeepStrictEqual(found, expected)), expected);
  }

  it('find the probes of each other, and can use them', async () => {
    const [one, two] = [lab.machine('lab1'), lab.machine('lab2')];
    await serve(one, 2, `${OPEN}[[probe]]\nuid = "SIM0002"\nname = "bench.left"\ntarget = "rp2040"\n`);
    await serve(two, 1, OPEN);

    const expected = [
      ['lab1', 'SIM0001', '-', `-u remote:${one.address}:5555`],
      ['lab1', 'SIM0002', 'bench.left', `-u remote:${one.address}:5556 -t rp2040`],
      ['lab2', 'SIM0001', '-', `-u remote:${two.address}:5555`],
    ];
    await assertListed(expected);
  });

  it('tell Avahi all that is documented, on IPv4 and IPv6, and nothing when they have stopped', async function () {
    requireAvahi(this);
    const one = lab.machine('lab1');
    const daemon = await serve(one, 1, OPEN);
    await assertListed([['lab1', 'SIM0001', '-', `-u remote:${one.address}:5555`]]);

    const found = await avahiBrowse(developer);

    assert.deepEqual(found.map(({ protocol }) => protocol).sort(), ['IPv4', 'IPv6']);
    for (const { name, host, port, txt } of found) {
      assert.deepEqual([name, host, port], ['SIM0001 on lab1', 'probed-5555-lab1.local', 5555]);
      assert.deepEqual(txt.slice(1, -1).split('" "').sort(), [
        'host=lab1',
        'pid=0204',
        'port=5555',
        'product=DAPLink CMSIS-DAP',
        'state=ready',
        'txtvers=1',
        'uid=SIM0001',
        'vid=0d28',
      ]);
    }

    const stopping = performance.now();
    await daemon.stop();
    assert.ok(performance.now() - stopping < 2000); // goodbyes take 500 ms at most
    assert.deepEqual(await avahiBrowse(developer), []);
  });

  it('with one name and one uid are told apart', async function () {
    const machines = [lab.machine('pi'), lab.machine('pi')];
    for (const machine of machines) await serve(machine, 1, OPEN);

    const found = await listed(({ length }) => length === machines.length);

    const expected = machines.map(({ address }) => ['SIM0001', '-', `-u remote:${address}:5555`]);
    assert.deepEqual(found.map(([, ...rest]) => rest), expected); // prettier-ignore
    for (const [i, { address }] of machines.entries()) assert.match(found[i]?.[0] ?? '', RegExp(`^pi .${address} `));
  });

  it('with one name, of which Avahi has renamed one, are told apart, each with its own address', async function () {
    requireAvahi(this);
    const machines = [lab.machine('pi'), lab.machine('pi')];
    const [one, other] = machines;
    const avahi = daemons.use(await AvahiDaemon.start(one));
    const [late] = await Promise.all([AvahiDaemon.start(other), serve(one, 1, OPEN), serve(other, 1, OPEN)]);
    daemons.use(late);
    assert.deepEqual([avahi.host, late.host], ['pi.local', 'pi-2.local']);

    const found = await listed(({ length }) => length === machines.length);

    const addresses = machines.map(({ address }) => address);
    assert.deepEqual(found.map((row) => row.at(-1)), addresses.map((address) => `-u remote:${address}:5555`)); // prettier-ignore
    /** As `list --all` has it: "pi (10.96.0.7 fe80::1)". */
    const machineAt = (address: string): number =>
      found.findIndex(([host = '']) => host.split(/[ ()]+/).includes(address));
    const services = new Map<string, Set<number>>();
    for (const { name, host, address } of await avahiBrowse(developer)) {
      const known = services.get(`${name} at ${host}`) ?? new Set();
      services.set(`${name} at ${host}`, known.add(machineAt(address)));
    }
    const first = services.get('SIM0001 on pi at probed-5555-pi.local')?.has(0) ? 0 : 1; // who was quicker keeps the name
    assert.deepEqual(Object.fromEntries(services), {
      'SIM0001 on pi at probed-5555-pi.local': new Set([first]),
      'SIM0001 on pi (2) at probed-5555-pi-(2).local': new Set([1 - first]),
    });
  });

  it('hear of a probe that goes from one to another, is renamed, or must not be told of', async () => {
    const [one, two] = [lab.machine('lab1'), lab.machine('lab2')];
    const first = await serve(one, 1, OPEN);
    const second = await serve(two, 1, OPEN);
    await two.probectl(programs, second.folder, 'disable', 'SIM0001');
    const at = ({ address }: Machine, host: string, name = '-'): readonly string[] => [
      ...[host, 'SIM0001', name],
      `-u remote:${address}:5555`,
    ];
    await assertListed([at(one, 'lab1')]);

    await one.probectl(programs, first.folder, 'disable', 'SIM0001');
    await two.probectl(programs, second.folder, 'enable', 'SIM0001');
    await assertListed([at(two, 'lab2')]);

    await two.probectl(programs, second.folder, 'rename', 'SIM0001', 'left');
    await assertListed([at(two, 'lab2', 'left')]);

    two.configure(`${OPEN}advertise = false\n`);
    await two.probectl(programs, second.folder, 'reload');
    await assertListed([]);
  });

  it('hear of a machine that gets another name', async () => {
    const one = lab.machine('lab1');
    const daemon = await serve(one, 1, OPEN);
    const at = (host: string): Rows => [[host, 'SIM0001', '-', `-u remote:${one.address}:5555`]];
    await assertListed(at('lab1'));

    execFileSync('nsenter', ['--uts', '--target', String(daemon.process.pid), 'hostname', 'bench-7']);

    await assertListed(at('bench-7'));
  });

  it('keep to themselves what is served to nobody else', async () => {
    const one = lab.machine('lab1');
    await serve(one, 1, '');
    const two = lab.machine('lab2');
    await serve(two, 1, OPEN);

    const expected = [['lab2', 'SIM0001', '-', `-u remote:${two.address}:5555`]];
    await assertListed(expected);
  });
});
