import { sleep } from '../../base/clock.js';
import { describeError } from '../../base/errors.js';
import { shellWord } from '../../base/shell-word.js';
import type { ControlClient } from '../../control/control-client.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { harmless } from '../colour.js';
import { ExitCode } from '../exit-codes.js';
import { openClientOf } from '../open-client.js';
import type { World } from '../world.js';
import { followProbe, type Observer } from './follow-probe.js';
import { chooseHost, type HostOptions, nameOfHost } from './host.js';
import { remoteProbe } from './remote-probe.js';
import { serveLocally } from './serve-locally.js';
import { shareLogin } from './share-login.js';
import { untilSignalled } from './until-signalled.js';
import { type ReachedHost, type Wait, waitForProbe } from './wait-for-probe.js';

export interface ForwardOptions {
  /** Uid, name or prefix. */
  readonly probe: string;
  readonly port: number | undefined;
  readonly wait: Wait;
  readonly plain: boolean;
}

/** A lost host is asked again so often: what is mended is noticed within the 5 s that users are promised. */
const RETRY_MS = 1000;

/** Serves a probe of some host on this machine, and says what becomes of it, until it is told to stop. */
export async function forward(options: ForwardOptions, hostOptions: HostOptions, world: World): Promise<ExitCode> {
  const { probe: given, port, wait, plain } = options;
  using login = await shareLogin(await chooseHost(hostOptions, world), world);
  const { host } = login;
  await using client = await openClientOf(host, world, { lendsLogin: true });
  const { row: probe, turn } = await waitForProbe({ host, client }, given, wait, world);
  turn?.destroy(); // nobody uses it yet, and others wait
  let current: ProbeRow | undefined;
  const endpoint = remoteProbe(host, probe, world, () => current);
  await using helper = await serveLocally(
    { endpoint, port, pipelining: !plain },
    await world.loadSocketOptions(),
    world,
  );
  const target = probe.target === undefined ? '' : ` -t ${shellWord(harmless(probe.target))}`;
  world.stdout.write(`pyocd gdbserver -u remote:localhost:${helper.port}${target}\n`);
  const stop = new AbortController();
  const watched = watch({ host, client }, probe.uid, (row) => (current = row), { ...world, signal: stop.signal });
  await untilSignalled(world);
  stop.abort();
  await watched;
  return ExitCode.Ok;
}

/** Prints the state of a probe whenever it is another one, over daemons and connections that come and go. */
async function watch(reached: ReachedHost, uid: string, observe: Observer, world: World): Promise<void> {
  const { signal, clock, stdout } = world;
  const { host } = reached;
  const isOver = (): boolean => signal.aborted;
  let shown = '';
  const show = (state: string): void => {
    if (state !== shown) stdout.write(`${harmless(`${uid} of ${nameOfHost(host)}: ${state}`)}\n`);
    shown = state;
  };
  let opened: ControlClient | undefined = reached.client;
  while (!isOver()) {
    try {
      await using client = opened ?? (await openClientOf(host, world, { lendsLogin: true }));
      opened = undefined;
      const see: Observer = (row) => {
        observe(row);
        show(row?.state ?? 'unknown there');
      };
      await followProbe(client, uid, see, world);
    } catch (error) {
      observe(undefined);
      if (!isOver()) show(`not reachable, trying again: ${describeError(error)}`);
    }
    await sleep(clock, RETRY_MS, signal).catch(() => undefined); // the end is seen above
  }
}
