import { execFile, spawnSync } from 'node:child_process';
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

/**
 * What Avahi on a machine finds within two seconds: an avahi-daemon that has just started, on a message bus of its own,
 * in a mount namespace in which /run is empty.
 */
export async function avahiBrowse(machine: Machine, type = '_probed._tcp'): Promise<readonly AvahiService[]> {
  // With the namespace of processes end all that run in it, however the script ends.
  const alone = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, type];
  const [program = '', ...rest] = [...machine.before, ...alone];
  const { stdout } = await promisify(execFile)(program, rest, { timeout: 30_000, killSignal: 'SIGKILL' });
  return stdout.split('\n').flatMap((line) => {
    const [found, , protocol = '', name = '', , , host = '', address = '', port = '', txt = ''] = line.split(';');
    // avahi_escape_label: "\032" is the character with that decimal number.
    const unescaped = name.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code)));
    return found === '=' ? [{ name: unescaped, protocol, host, address, port: Number(port), txt }] : [];
  });
}

const script = `
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
  until grep -q 'Server startup complete' /run/avahi.log; do kill -0 $avahi || exit 1; sleep 0.02; done
  timeout 2 avahi-browse --resolve --parsable "$0"
  kill $avahi $bus; wait; exit 0
`;
