// packaging/systemd/probed@.service, out of probed.service: the same sandbox, with files of its own.

/**
 * @param unit  text of probed.service
 * @returns     the template: instance NAME reads /etc/probed/NAME.toml, has /run/probed-NAME, and instances/NAME in /var/lib/probed and /var/log/probed
 */
export function instanceUnit(unit: string): string {
  return [...changes].reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`probed.service has not exactly one "${from}"`);
    return text.replace(from, to);
  }, HEAD + unit);
}

const HEAD = `# A further daemon, for some of the probes: systemctl start probed@NAME. Written by scripts/packaging-pages.ts.
# /etc/probed/NAME.toml must say which probes ([[match]]) and other ports than the first daemon's (listen.first_port);
# the first daemon must leave them alone ([[ignore]]). Talk to it by: probectl --socket /run/probed-NAME/control.sock

`;

const changes: ReadonlyMap<string, string> = new Map([
  ['Description=Debug probes on the network, for pyOCD', 'Description=Debug probes on the network, for pyOCD (%i)'],
  ['ExecStart=/usr/bin/probed', 'ExecStart=/usr/bin/probed --config /etc/probed/%i.toml'],
  [
    '# /etc/probed, /run/probed with the control socket, /var/lib/probed with the port book, /var/log/probed with the audit\n# log. Nothing else can be written.',
    '# The control socket is in /run/probed-NAME: a directory in /run/probed would go with the first daemon.',
  ],
  ['RuntimeDirectory=probed', 'RuntimeDirectory=probed-%i'],
  ['StateDirectory=probed', 'StateDirectory=probed/instances/%i'],
  ['LogsDirectory=probed', 'LogsDirectory=probed/instances/%i'],
]);
