// A daemon on a simulated bus and the model of it, led through the same steps.

import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import type { SimProbe } from '../../src/sim/sim-probe.js';
import { simCmsisDap } from '../../src/sim/sim-probe.js';
import { SimUsbBus } from '../../src/sim/usb/sim-usb-bus.js';
import { FakeClock } from '../support/fake-clock.js';
import { freePorts } from '../support/free-port.js';
import { runClock } from '../support/run-clock.js';
import { TestClient } from '../support/test-client.js';
import { startWorld, type World } from '../support/world.js';
import { MemoryFiles } from './memory-files.js';
import { Model, type ModelConfig, type ModelProbeConfig } from './model.js';

/** `probe` and `client` are picked modulo how many there are, so that every plan means something. */
export type Step =
  | DeviceStep
  | { readonly do: 'connect' | 'kick' | 'forget'; readonly probe: number }
  | { readonly do: 'reload'; readonly config: number; readonly now: boolean }
  | { readonly do: 'open' | 'leave' | 'kill' | 'kick one'; readonly client: number }
  | { readonly do: 'enable'; readonly probe: number; readonly enabled: boolean }
  | { readonly do: 'rename'; readonly probe: number; readonly name: string | undefined }
  | { readonly do: 'restart' | 'nothing' };

type DeviceStep =
  | { readonly do: 'plug' | 'unplug' | 'replug'; readonly probe: number }
  | { readonly do: 'deny'; readonly probe: number; readonly denied: boolean };

interface ConnectedClient {
  readonly client: TestClient;
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>;
}

/** The last one has no serial number: it is known by its socket. */
const UIDS = ['A1', 'B2', 'C3', 'usb-1-4'] as const;
const PORTS = 40;

export class ModelRun implements AsyncDisposable {
  readonly #clock = new FakeClock();
  readonly #bus = new SimUsbBus(this.#clock);
  readonly #files = new MemoryFiles();
  readonly #devices: readonly SimProbe[];
  readonly #clients = new Map<number, ConnectedClient>();
  readonly #configs: readonly Variant[];
  readonly #model: Model;
  #nextClient = 1;
  #text: string;
  #world: World | undefined;

  private constructor(firstPort: number) {
    this.#devices = UIDS.map((uid) => simCmsisDap({ uid: uid.startsWith('usb-') ? '' : uid, clock: this.#clock }));
    this.#configs = variants(firstPort);
    const [first] = this.#configs;
    assert.ok(first.means);
    this.#model = new Model(first.means);
    this.#text = first.text;
  }

  static async start(): Promise<ModelRun> {
    const run = new ModelRun(await freePorts(PORTS));
    await run.#startWorld();
    return run;
  }

  /** Does one thing to daemon and model, waits until nothing moves, and compares them. */
  async step(step: Step): Promise<void> {
    await runClock(this.#clock, this.#do(step));
    await runClock(this.#clock, this.#compare());
  }

  /** Stops the daemon, and looks for what it has left behind. */
  async end(): Promise<void> {
    await runClock(this.#clock, this.#stopWorld());
    for (const device of await this.#bus.list()) {
      for (const { number } of device.interfaces) {
        if (!device.accessible) continue;
        await using free = await this.#bus.open(device.key, number); // would be busy if it were still claimed
        assert.ok(!free.gone.aborted);
      }
    }
    assert.equal(this.#clock.pending, 0, 'timers are left');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#world) await runClock(this.#clock, this.#stopWorld());
    await this.#bus[Symbol.asyncDispose]();
  }

  get #running(): World {
    assert.ok(this.#world);
    return this.#world;
  }

  async #startWorld(): Promise<void> {
    const options = { config: this.#text, clock: this.#clock, files: this.#files, bus: this.#bus };
    this.#world = await startWorld(options);
  }

  async #stopWorld(): Promise<void> {
    const world = this.#running;
    this.#world = undefined;
    await world.supervisor[Symbol.asyncDispose]();
    await Promise.all([...this.#clients.values()].map(({ closed }) => closed));
    this.#clients.clear();
  }

  async #do(step: Step): Promise<void> {
    const model = this.#model;
    switch (step.do) {
      case 'plug':
      case 'unplug':
      case 'replug':
      case 'deny':
        this.#moveDevice(step);
        return;
      case 'connect':
        return this.#connect(UIDS[step.probe]);
      case 'open':
      case 'leave':
      case 'kill':
      case 'kick one':
        return this.#useClient(step.do, step.client);
      case 'kick': {
        const uid = UIDS[step.probe];
        const known = model.probes.get(uid);
        for (const client of known?.clients.keys() ?? []) model.leave(uid, client);
        return this.#command(known !== undefined, this.#running.daemon.kick(uid, {}, undefined));
      }
      case 'reload':
        return this.#reload(this.#configs[step.config % this.#configs.length], step.now);
      case 'enable': {
        const uid = UIDS[step.probe];
        return this.#command(model.setEnabled(uid, step.enabled), this.#running.daemon.setEnabled(uid, step.enabled));
      }
      case 'rename': {
        const uid = UIDS[step.probe];
        return this.#command(model.rename(uid, step.name), this.#running.daemon.rename(uid, step.name));
      }
      case 'forget': {
        const uid = UIDS[step.probe];
        return this.#command(model.forget(uid), this.#running.daemon.forget(uid));
      }
      case 'restart':
        await this.#stopWorld();
        await this.#startWorld();
        model.restart();
        return;
      case 'nothing':
    }
  }

  #moveDevice(step: DeviceStep): void {
    const uid = UIDS[step.probe];
    const device = this.#devices[step.probe];
    const probe = this.#model.probes.get(uid);
    const socket = `1-${step.probe + 1}`;
    if (step.do === 'plug' && probe?.plugged !== true) {
      this.#bus.plug(device, socket);
      this.#model.plug(uid);
    } else if (step.do === 'unplug' && probe?.plugged) {
      this.#bus.unplug(device);
      this.#model.unplug(uid);
    } else if (step.do === 'replug' && probe?.plugged) {
      // Before anybody has looked.
      this.#bus.unplug(device);
      this.#bus.plug(device, socket);
      this.#model.unplug(uid);
      this.#model.plug(uid);
    } else if (step.do === 'deny' && probe?.plugged) {
      this.#bus.deny(device, step.denied);
      probe.denied = step.denied;
    }
  }

  async #connect(uid: string): Promise<void> {
    const expected = this.#model.expected(uid);
    if (expected?.port === undefined) return;
    if (!expected.isListening) {
      // Whoever has the port would answer: one that is in use and waits to give it back, or another program.
      const isTaken = UIDS.some((other) => {
        const row = this.#model.expected(other);
        return row?.isListening && row.port === expected.port;
      });
      if (!isTaken && expected.state !== 'failed')
        await assert.rejects(TestClient.connect(expected.port), { code: 'ECONNREFUSED' }, `${uid} must not listen`);
      return;
    }
    if (expected.clients >= 4) return;
    const client = await TestClient.connect(expected.port);
    const number = this.#nextClient++;
    this.#clients.set(number, {
      client,
      closed: new Promise<void>((resolve) => client.socket.once('close', () => resolve())),
    });
    this.#model.connect(uid, number);
    assert.equal((await client.request('hello', 1)).status, 0);
  }

  async #useClient(what: 'open' | 'leave' | 'kill' | 'kick one', pick: number): Promise<void> {
    const numbers = [...this.#clients.keys()];
    if (numbers.length === 0) return;
    const number = numbers[pick % numbers.length];
    const connected = this.#clients.get(number);
    const uid = this.#model.probeOf(number);
    assert.ok(connected && uid !== undefined);
    const { client } = connected;
    if (what === 'open') {
      const opens = this.#model.open(uid, number);
      const { status } = await client.request('open');
      assert.equal(status === 0, opens, `${uid}: open answers ${status}`);
      return;
    }
    const { localPort } = client.socket;
    this.#model.leave(uid, number);
    if (what === 'kick one') {
      const rows = this.#running.daemon.show(uid).clients;
      const row = rows.find(({ address }) => address === `127.0.0.1:${localPort}`);
      assert.ok(row);
      await this.#running.daemon.kick(uid, { client: row.client }, undefined);
      return;
    }
    const out = this.#running.event('client-out', uid);
    if (what === 'leave') client.socket.end();
    else client.socket.resetAndDestroy();
    await out;
  }

  async #reload({ text, means }: Variant, now: boolean): Promise<void> {
    const result = await this.#running.reload(text, now);
    assert.equal(result.applied, means !== undefined);
    if (!means) return;
    this.#text = text;
    this.#model.configure(means, now);
  }

  /** A command that the model does must succeed, any other must be refused. */
  async #command(succeeds: boolean, done: Promise<unknown>): Promise<void> {
    if (succeeds) await done;
    else await assert.rejects(done, RequestError);
  }

  async #compare(): Promise<void> {
    const { daemon, supervisor } = this.#running;
    await daemon.rescan();
    for (const [number, { closed }] of this.#clients) {
      if (this.#model.probeOf(number) !== undefined) continue;
      await closed;
      this.#clients.delete(number);
    }
    await daemon.rescan();
    assert.deepEqual(supervisor.entries.map(({ uid }) => uid).sort(), [...this.#model.probes.keys()].sort());
    for (const uid of UIDS) {
      const row = daemon.probes().find((probe) => probe.uid === uid);
      const actual = row && {
        state: row.state,
        name: row.name,
        port: row.port,
        isListening: row.addresses.length > 0,
        clients: row.clients,
      };
      assert.deepEqual(actual, this.#model.expected(uid), uid);
    }
    const { ports } = this.#model;
    assert.equal(new Set(ports).size, ports.length, 'every port is one probe’s');
    for (const { client } of this.#clients.values()) assert.equal((await client.request('hello', 1)).status, 0);
  }
}

interface Variant {
  readonly text: string;
  /** Undefined: it is wrong, and nothing must change. */
  readonly means?: ModelConfig;
}

/** Config texts beside what each means. The first is what the daemon starts with. */
function variants(first: number): readonly Variant[] {
  const usual = { first, last: first + PORTS - 1, maxClients: 16, ignored: [], probes: {} };
  const listen = `[listen]\naddresses = ["127.0.0.1"]\nfirst_port = ${first}\nport_count = `;
  const make = (text: string, means: Partial<ModelConfig> = {}): Variant => ({
    text: `${listen}${(means.last ?? usual.last) - first + 1}\n${text}`,
    means: { ...usual, ...means },
  });
  const probes = (probe: Readonly<Record<string, ModelProbeConfig>>, text: string) => make(text, { probes: probe });
  return [
    make(''),
    make('[limits]\nclients_per_probe = 8\n', { maxClients: 8 }),
    make('[access]\nqueue_timeout = 60\n'), // changes nothing that could drop a client
    make('[[ignore]]\nuid = "B*"\n', { ignored: ['B2'] }),
    make('[[match]]\nuid = "A1"\n[[match]]\nusb_path = "1-4"\n', { matched: ['A1', 'usb-1-4'] }),
    make('', { last: first }), // room for one
    make('[families]\noff = ["cmsis-dap"]\n', { ignored: UIDS }),
    probes(
      { A1: { name: 'bench', clockLimitHz: 1_000_000 } },
      '[[probe]]\nuid = "A1"\nname = "bench"\nclock_limit = 1_000_000\n',
    ),
    probes({ C3: { enabled: false } }, '[[probe]]\nuid = "C3"\nenabled = false\n'),
    probes(
      { C3: { enabled: true, port: first + 30 } },
      `[[probe]]\nuid = "C3"\nenabled = true\nport = ${first + 30}\n`,
    ),
    // The ports that the first two have when they come in this order, given to others.
    probes({ C3: { port: first } }, `[[probe]]\nuid = "C3"\nport = ${first}\n`),
    probes(
      { A1: { port: first + 1 }, B2: { port: first } },
      `[[probe]]\nuid = "A1"\nport = ${first + 1}\n[[probe]]\nuid = "B2"\nport = ${first}\n`,
    ),
    { text: `${listen}1\n[[probe]\n` },
    { text: `${listen}1\n[limits]\nclients = 1\n` },
  ];
}
