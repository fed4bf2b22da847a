import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../src/base/logger.js';
import { loadPeerUid } from '../../src/platform/peer-credentials.js';

describe('the user at the other end of a unix socket', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is the one who connected, also when that end is closed; nobody once ours is', async () => {
    const peerUid = await loadPeerUid(silentLogger);
    const server = createServer({ allowHalfOpen: true }).listen(path.join(folder, 'socket'));
    const client = connect(path.join(folder, 'socket'));
    const [socket] = (await once(server, 'connection')) as [Socket];
    client.destroy();

    assert.equal(peerUid(socket), process.getuid?.());
    socket.destroy();
    assert.equal(peerUid(socket), undefined);
    server.close();
  });
});
