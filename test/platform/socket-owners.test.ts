import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { platform } from 'node:os';
import { SocketOwners } from '../../src/platform/socket-owners.js';

/** Rows as Linux 6 writes them on x86: proc_net_tcp(5). The client's end first, then the daemon's. */
const IPV4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:C488 0100007F:15B3 01 00000000:00000000 00:00000000 00000000  1000        0 271828 1 0000000000000000 20 4 0 10 -1
   1: 0100007F:15B3 0100007F:C488 01 00000000:00000000 00:00000000 00000000   997        0 314159 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C489 0100007F:15B3 05 00000000:00000000 00:00000000 00000000     0        0 0 3 0000000000000000
`;
const IPV6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:C488 00000000000000000000000001000000:15B3 01 00000000:00000000 00:00000000 00000000  1001        0 11 1 0 20 4 0 10 -1
   1: 0000000000000000FFFF00000100007F:C490 0000000000000000FFFF00000100007F:15B3 01 00000000:00000000 00:00000000 00000000  1002        0 12 1 0 20 4 0 10 -1
   2: B80D0120000000000000000042000000:C488 B80D0120000000000000000001000000:15B3 01 00000000:00000000 00:00000000 00000000  1003        0 13 1 0 20 4 0 10 -1
`;

function owners(tables: Readonly<Record<string, string>>, byteOrder: 'LE' | 'BE' = 'LE'): SocketOwners {
  return new SocketOwners({ read: async (file) => tables[file.replace('/proc/self/net/', '')] ?? '', byteOrder });
}

describe('the owner of the other end of a connection', () => {
  const rows: readonly (readonly [peer: string, port: number, own: string, uid: number | undefined])[] = [
    ['127.0.0.1', 0xc488, '127.0.0.1', 1000],
    ['::1', 0xc488, '::1', 1001],
    ['127.0.0.1', 0xc490, '127.0.0.1', 1002], // an IPv6 socket that talks IPv4
    ['2001:db8::42', 0xc488, '2001:db8::1', 1003],
    ['127.0.0.1', 0xc489, '127.0.0.1', undefined], // no process has it any more: root's in the table, and nobody's
    ['127.0.0.1', 0xc491, '127.0.0.1', undefined],
  ];
  for (const [address, port, own, uid] of rows) {
    it(`is ${uid ?? 'nobody'} for ${address} port ${port}`, async () => {
      const found = await owners({ tcp: IPV4, tcp6: IPV6 }).ownerOf({ address, port }, { address: own, port: 0x15b3 });

      assert.equal(found, uid);
    });
  }

  it('is found on a machine of the other byte order', async () => {
    const tcp = IPV4.replaceAll('0100007F', '7F000001');

    assert.equal(
      await owners({ tcp }, 'BE').ownerOf(
        { address: '127.0.0.1', port: 0xc488 },
        { address: '127.0.0.1', port: 0x15b3 },
      ),
      1000,
    );
  });

  it('is looked for once more where the kernel has skipped a row', async () => {
    let looks = 0;
    const read = async (file: string) => (file.endsWith('tcp') && ++looks === 2 ? IPV4 : '');

    const uid = await new SocketOwners({ read, byteOrder: 'LE' }).ownerOf(
      { address: '127.0.0.1', port: 0xc488 },
      { address: '127.0.0.1', port: 0x15b3 },
    );

    assert.equal(uid, 1000);
  });

  it('is found for a thousand clients at once in two looks', async () => {
    let looks = 0;
    const read = async (file: string) => {
      if (file.endsWith('tcp')) looks++;
      return IPV4;
    };
    const all = new SocketOwners({ read, byteOrder: 'LE' });

    const uids = await Promise.all(
      Array.from({ length: 1000 }, () =>
        all.ownerOf({ address: '127.0.0.1', port: 0xc488 }, { address: '127.0.0.1', port: 0x15b3 }),
      ),
    );

    assert.ok(uids.every((uid) => uid === 1000));
    assert.ok(looks <= 2, `${looks} looks`);
  });

  it('is not found, and says why, where there are no such tables', async () => {
    const read = async (file: string) => Promise.reject(Object.assign(new Error(file), { code: 'ENOENT' }));

    await assert.rejects(
      new SocketOwners({ read }).ownerOf({ address: '127.0.0.1', port: 1 }, { address: '127.0.0.1', port: 2 }),
      { code: 'ENOENT' },
    );
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`is this user for a real connection over ${host}`, async function () {
      if (platform() !== 'linux') this.skip();
      const server = createServer();
      server.listen(0, host);
      await once(server, 'listening');
      const address = server.address();
      assert.ok(typeof address === 'object' && address);
      const client = connect(address.port, host);
      await once(client, 'connect');

      const uid = await new SocketOwners().ownerOf({ address: host, port: client.localPort ?? 0 }, address);

      client.destroy();
      server.close();
      assert.equal(uid, process.getuid?.());
    });
  }
});
