import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { Machine } from './switched-lab.js';

/** Skips the suite where Avahi is not installed, and says so. */
export function requireAvahi(suite: Mocha.Context): void {
  if (['avahi-daemon', 'avahi-browse', 'dbus-daemon'].every((name) => spawnSync('which', [name]).status === 0)) return;
  console.log('Avahi: NOT RUN (install avahi-daemon, avahi-utils and dbus-daemon)');
  suite.skip();
}

/** A service as `avahi-browse --resolve --parsable` prints it: instance, host, address, port, TXT. */
export interface AvahiService {
  readonly name: string;
  readonly protocol: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly txt: string;
}

/** What Avahi on a machine finds within two seconds. */
export async function avahiBrowse(machine: Machine, type = '_probed._tcp'): Promise<readonly AvahiService[]> {
  const [program, ...args] = withAvahi(machine, 'timeout 2 avahi-browse --resolve --parsable "$0"', type);
  const { stdout } = await promisify(execFile)(program, args, { timeout: 30_000, killSignal: 'SIGKILL' });
  return stdout.split('\n').flatMap((line) => {
    const [found, , protocol = '', name = '', , , host = '', address = '', port = '', txt = ''] = line.split(';');
    return found === '='
      ? [{ name: unescaped(name), protocol, host: unescaped(host), address, port: Number(port), txt }]
      : [];
  });
}

/** Avahi on a machine, as long as the test takes. */
export class AvahiDaemon implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    /** What it calls its machine, such as "pi-2.local" where another one is "pi.local". */
    readonly host: string,
  ) {}

  static async start(machine: Machine): Promise<AvahiDaemon> {
    const say = "sed -n 's/.*Host name is \\(.*\\)\\. Local .*/\\1/p' /run/avahi.log; wait $avahi";
    const [program, ...args] = withAvahi(machine, say);
    const child = spawn(program, args, {
      timeout: 120_000,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const said = once(child.stdout.setEncoding('utf8'), 'data', { signal: AbortSignal.timeout(30_000) });
      const [host] = (await said) as [string];
      return new AvahiDaemon(child, host.trim());
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
  }
}

/** avahi_escape_label: "\032" is the character with that decimal number, "\." a dot of a label. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number(code)) : code,
  );
}

/**
 * A command that runs a script beside an avahi-daemon that has just started, on a message bus of its own, in a mount
 * namespace in which /run is empty.
 */
function withAvahi(machine: Machine, run: string, ...args: readonly string[]): readonly [string, ...string[]] {
  // With the namespace of processes end all that run in it, however the script ends.
  const alone = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', `${start}${run}${end}`, ...args];
  const [program = '', ...rest] = [...machine.before, ...alone];
  return [program, ...rest];
}

const start = `
  mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon
  cat > /run/bus.conf <<'X'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
X
  dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile 2>/run/bus.log & bus=$!
  until [ -S /run/dbus/system_bus_socket ]; do kill -0 $bus || exit 1; sleep 0.02; done
  printf '[server]\\nuse-ipv4=yes\\nuse-ipv6=yes\\n' > /run/avahi.conf
  avahi-daemon -f /run/avahi.conf --no-drop-root --no-chroot --no-proc-title >/run/avahi.log 2>&1 & avahi=$!
  until grep -qs 'Server startup complete' /run/avahi.log; do kill -0 $avahi || exit 1; sleep 0.02; done
  `;
const end = `
  kill $avahi $bus; wait; exit 0
`;
