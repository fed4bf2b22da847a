// What the service manager is told, and when: ready, a line on how it goes, signs of life, stopping.

import type { Clock } from '../base/clock.js';
import type { EventSource } from '../control/event-history.js';
import type { ProbeState } from '../control/snapshots.js';
import type { ServiceManager } from '../platform/service-manager.js';

export interface ServiceNotifierOptions {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  /** How long the service manager waits for a sign of life; left out: for ever. */
  readonly watchdogMs?: number;
  /** What may change the status line. */
  readonly events: EventSource;
  readonly probes: () => readonly ProbeCount[];
}

export interface ProbeCount {
  readonly state: ProbeState;
  readonly clients: number;
}

/** A plug or a client makes several events; they are told in one line. */
const SETTLE_MS = 100;
/** What our own stop needs beyond the grace: releasing the probes, writing the log. */
const STOP_MARGIN_MS = 5000;

export class ServiceNotifier implements Disposable {
  #watchdog: Disposable | undefined;
  #subscription: Disposable | undefined;
  #update: Disposable | undefined;
  #told = '';

  constructor(private readonly options: ServiceNotifierOptions) {}

  /** Everything that is plugged in is served. From now on the service manager hears that we live. */
  ready(): void {
    this.#told = statusLine(this.options.probes());
    this.options.manager.notify(`READY=1\nSTATUS=${this.#told}`);
    this.#subscription = this.options.events.subscribe(() => this.#refresh());
    this.#beat();
  }

  /** @param graceMs  how long requests that run are waited for: the service manager must not be faster */
  stopping(graceMs: number): void {
    this[Symbol.dispose]();
    const patienceUs = (graceMs + STOP_MARGIN_MS) * 1000;
    this.options.manager.notify(`STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=${patienceUs}`);
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.#watchdog?.[Symbol.dispose]();
    this.#update?.[Symbol.dispose]();
  }

  #refresh(): void {
    this.#update ??= this.options.clock.timer(SETTLE_MS, () => {
      this.#update = undefined;
      const line = statusLine(this.options.probes());
      if (line === this.#told) return;
      this.#told = line;
      this.options.manager.notify(`STATUS=${line}`);
    });
  }

  /** By a timer of the event loop that serves the clients: the beat stops when the loop does (sd_watchdog_enabled(3)). */
  #beat(): void {
    const { manager, clock, watchdogMs } = this.options;
    if (watchdogMs === undefined) return;
    manager.notify('WATCHDOG=1');
    this.#watchdog = clock.timer(watchdogMs / 2, () => this.#beat());
  }
}

/** `serving 3 probes (1 absent), 2 clients; 1 cannot be served: see probectl status` */
function statusLine(probes: readonly ProbeCount[]): string {
  const count = (...states: readonly ProbeState[]): number =>
    probes.filter(({ state }) => states.includes(state)).length;
  const absent = count('absent');
  const served = count('ready', 'in-use');
  const broken = count('failed', 'no-permission');
  const clients = probes.reduce((sum, probe) => sum + probe.clients, 0);
  return [
    `serving ${served} ${served === 1 ? 'probe' : 'probes'}${absent > 0 ? ` (${absent} absent)` : ''}`,
    `, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    broken > 0 ? `; ${broken} cannot be served: see probectl status` : '',
  ].join('');
}
