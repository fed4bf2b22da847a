// docs/client.md, as its reader follows it: its example, compiled and run by a user of the built package.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import * as client from '../../src/client/index.js';
import { replyError } from '../../src/client/errors.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { DPIDR } from '../support/forwarded-port.js';

const root = path.join(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/client.md'), 'utf8');
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');

const COMPILER_OPTIONS =
  '--ignoreConfig --strict --noUnusedLocals --skipLibCheck --target es2022 --module nodenext --types node ' +
  '--lib es2023,esnext.disposable';

/** Not called; requests are typed, and by more than `any`. */
const mistake = `
export function mistake(): Promise<unknown> {
  // @ts-expect-error: an address is a number
  return probe.request('read_dp', 'DPIDR');
}
`;

/** All blocks of the page are one program; some are in a list, and indented. */
function exampleOf(text: string): string {
  return [...text.matchAll(/^( *)```ts\n([^]*?)^ *```/gm)].map(([, , block]) => block).join('');
}

async function run(cwd: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, args, { cwd, timeout: 100_000 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${args.join(' ')}: ${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

describe('docs/client.md', () => {
  it('has an example that compiles and runs with the built package', async function () {
    this.timeout(120_000);
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-user-'));
    try {
      const installed = path.join(folder, 'node_modules/probed');
      mkdirSync(installed, { recursive: true });
      copyFileSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
      symlinkSync(path.join(root, 'node_modules/@types'), path.join(folder, 'node_modules/@types'));
      const declarations = {
        extends: path.join(root, 'tsconfig.build.json'),
        compilerOptions: { rootDir: path.join(root, 'src'), outDir: path.join(installed, 'dist') },
        ...{ include: [], files: [path.join(root, 'src/client/index.ts')] },
      };
      writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(declarations));
      await run(root, tsc, '-p', folder);
      await run(root, 'scripts/bundle.js', path.join(installed, 'dist'));
      await using daemon = await DaemonProcess.serving(1);
      const example = exampleOf(page).replace('port: 5555', `port: ${daemon.ports[0]}`);
      writeFileSync(path.join(folder, 'example.mts'), example + mistake);

      await run(folder, tsc, ...COMPILER_OPTIONS.split(' '), 'example.mts');
      const printed = await run(folder, 'example.mjs');

      assert.match(printed, RegExp(`^${DPIDR.toString(16)}\n[0-9a-f]+\n$`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names every class of errors, each with its status', () => {
    const named = [...page.matchAll(/`(\w+Error)` \((?:status )?(\d+)\)/g)];

    assert.deepEqual(
      named.map(([, , status]) => replyError('flush', Number(status), 'why').constructor.name),
      named.map(([, name]) => name),
    );
    assert.equal(replyError('flush', 99, 'why').constructor.name, 'ProbeFailureError');
    const classes = Object.keys(client).filter((name) => name.endsWith('Error'));
    assert.deepEqual(
      classes.sort(),
      [...named.map(([, name]) => name), 'ReplyError', 'ProbeConnectionLostError'].sort(),
    );
    for (const name of classes) assert.ok(page.includes(`\`${name}\``), name);
  });
});
