import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sinon from 'sinon';
import { auditFiles } from '../../src/daemon/audit-files.js';
import { systemFiles } from '../../src/daemon/state-files.js';
import { withFile } from '../../src/daemon/with-file.js';

describe('a file of the daemon on a disk that fails', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  const file = path.join(folder, 'a');
  let handles: FileHandle;
  before(async () => {
    writeFileSync(file, '');
    const handle = await open(file);
    handles = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
  });
  afterEach(() => sinon.restore());
  after(() => rmSync(folder, { recursive: true }));

  it('says what went wrong first, not that closing did as well', async () => {
    for (const name of ['sync', 'appendFile'] as const) {
      sinon.stub(handles, name).callsFake(async function (this: FileHandle) {
        closeSync(this.fd); // so that it cannot be closed any more
        throw new Error('ENOSPC');
      });
    }

    await assert.rejects(systemFiles.write(file, Buffer.from('x')), /ENOSPC/);
    await assert.rejects(systemFiles.syncDirectory(folder), /ENOSPC/);
    await assert.rejects(auditFiles.append(file, 'x'), /ENOSPC/);
  });

  it('says that closing went wrong where nothing else did: what was written may be lost', async () => {
    await assert.rejects(
      withFile(file, 'r', async ({ fd }) => closeSync(fd)),
      /EBADF/,
    );
  });

  it('is closed, and what the task has found comes back', async () => {
    const read = await withFile(file, 'w', async (handle) => {
      await handle.writeFile('text');
      return handle;
    });

    assert.equal(read.fd, -1);
    assert.equal(readFileSync(file, 'utf8'), 'text');
  });
});
