import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findGroup } from '../../src/base/find-group.js';

describe('a group', () => {
  let folder = '';
  let file = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'probed-group-'));
    file = path.join(folder, 'group');
    writeFileSync(file, 'root:x:0:\nlab:x:998:ada,bob\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  /** A program in the place of getent. */
  function getent(script: string): string {
    const program = path.join(folder, 'getent');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    return program;
  }

  it('is asked of getent first, by name and by number', async () => {
    const program = getent('[ "$*" = "group lab" ] || [ "$*" = "group 70123" ] && echo "lab:*:70123:eve"');
    const lab = { name: 'lab', id: 70_123, members: ['eve'] };

    assert.deepEqual(await findGroup('lab', { getent: program, file }), lab);
    assert.deepEqual(await findGroup(70_123, { getent: program, file }), lab);
  });

  for (const [situation, program] of [
    ['is not there', () => path.join(folder, 'none')],
    ['does not know it', () => getent('exit 2')],
    ['prints something else', () => getent('echo "oops"')],
    ['hangs', () => getent('exec sleep 60')],
  ] as const) {
    it(`is read from the file where getent ${situation}`, async () => {
      const sources = { getent: program(), file, timeoutMs: 500 };

      assert.deepEqual(await findGroup('lab', sources), { name: 'lab', id: 998, members: ['ada', 'bob'] });
      assert.deepEqual((await findGroup(0, sources))?.name, 'root');
    });
  }

  it('that nobody knows is none', async () => {
    assert.equal(await findGroup('nobody-knows', { getent: getent('exit 2'), file }), undefined);
    assert.equal(await findGroup('lab', { getent: getent('exit 2'), file: path.join(folder, 'none') }), undefined);
  });
});
