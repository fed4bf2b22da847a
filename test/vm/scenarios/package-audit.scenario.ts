import assert from 'node:assert/strict';
import { emulatedProbe } from '../emulated-probe.js';
import { type InstalledPackage, packageScenario, PATIENCE_MS } from '../installed-package.js';
import { figure } from '../scenario.js';

const PORT = 5555;
const FOLDER = '/var/log/probed';
/** The smallest that the config allows. */
const FILE_BYTES = 4096;
/** Newest first. */
const FILES = ['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2'];
/** More than fill these files. */
const CLIENTS = 60;

interface Line {
  readonly type: string;
  readonly client?: number;
  readonly principal?: string;
}

describe('the audit log of the service', () => {
  packageScenario('is written within its bounds, for members of the group to read', async (installed) => {
    const { vm } = installed;
    await installed.configure(`[audit]\nfile_bytes = ${FILE_BYTES}\nfiles = ${FILES.length}\n`);
    await installed.systemctl('reload', 'probed');
    await vm.plug(emulatedProbe({ uid: 'AUDIT1' }), 1);
    for (let i = 0; i < CLIENTS; i++) await installed.served(PORT);
    await installed.systemctl('stop', 'probed');

    const owned = await installed.shell(`stat -c '%n %U:%G %a' ${FOLDER} ${FOLDER}/*`);
    assert.deepEqual(owned.trim().split('\n'), [
      `${FOLDER} probed:probed 750`,
      ...FILES.map((file) => `${FOLDER}/${file} probed:probed 640`),
    ]);
    const logs = await Promise.all(FILES.map((file) => read(installed, file)));
    const sizes = logs.map(({ length }) => length);
    figure('audit log, files of 4096 bytes', `${sizes.join(', ')} bytes`);
    for (const size of sizes.slice(1)) assert(size >= FILE_BYTES && size < 2 * FILE_BYTES, String(size));

    const lines = logs.reverse().join('').trim().split('\n').map(parse);
    assert.equal(lines.at(-1)?.type, 'stopping');
    // Nothing is missing between the oldest that is kept and the last one.
    const numbers = lines.flatMap(({ type, client }) => (type === 'client-in' && client !== undefined ? [client] : []));
    const [first = 0] = numbers;
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => first + i),
    );
    assert((numbers.at(-1) ?? 0) >= CLIENTS, String(numbers));
    for (const { principal } of lines.filter(({ type }) => type === 'client-in')) assert.equal(principal, 'user:root');

    const asVisitor = (groups: string) =>
      vm.agent.run(['setpriv', '--reuid', 'visitor', '--regid', 'visitor', groups, 'cat', `${FOLDER}/audit.jsonl.1`], {
        timeoutMs: PATIENCE_MS,
      });
    assert.match((await asVisitor('--clear-groups')).stderr, /Permission denied/);
    await vm.agent.output(['usermod', '-aG', 'probed', 'visitor']);
    assert.equal((await asVisitor('--init-groups')).code, 0);
  });
});

async function read({ vm }: InstalledPackage, file: string): Promise<string> {
  return (await vm.agent.readFile(`${FOLDER}/${file}`)).toString();
}

function parse(line: string): Line {
  return JSON.parse(line) as Line;
}
