import assert from 'node:assert/strict';
import { type Logger, silentLogger } from '../../src/base/logger.js';
import { LocalAccess } from '../../src/daemon/local-access.js';

const own = { address: '127.0.0.1', port: 5555 };
/** Owners of client ports on this machine. */
const uids = new Map([
  [1, 0],
  [2, 1000],
  [3, 1001],
  [4, 4242],
]);

function accessWith(
  localGroup?: string,
  ownerOf = async ({ port }: { port: number }) => uids.get(port),
  log: Logger = silentLogger,
): LocalAccess {
  const names = new Map([
    [0, 'root'],
    [1000, 'ada'],
    [1001, 'bob'],
  ]);
  return new LocalAccess({
    owners: { ownerOf },
    users: {
      nameOf: async (uid) => names.get(uid),
      isMember: async (uid, group) => uid === 1000 && group === 'lab',
      hasGroup: async (group) => group === 'lab',
    },
    log,
    rules: localGroup === undefined ? {} : { localGroup },
  });
}

describe('the principal of a client', () => {
  const rows: readonly (readonly [address: string, port: number, principal: string])[] = [
    ['127.0.0.1', 2, 'user:ada'],
    ['::1', 2, 'user:ada'],
    ['127.0.0.1', 4, 'uid:4242'],
    ['127.0.0.1', 9, 'addr:127.0.0.1'], // gone already
  ];
  for (const [address, port, principal] of rows) {
    it(`is ${principal} for port ${port} of ${address}`, async () => {
      assert.deepEqual(await accessWith().check({ address, port }, own), { principal });
    });
  }

  it('is the address where the system does not tell', async () => {
    const access = accessWith(undefined, async () => Promise.reject(new Error('no such file')));

    assert.deepEqual(await access.check({ address: '127.0.0.1', port: 2 }, own), { principal: 'addr:127.0.0.1' });
  });

  it('is said to be unknown once, not for each client', async () => {
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
    const access = accessWith(undefined, async () => Promise.reject(new Error('no such file')), log);

    for (const port of [2, 3, 4]) await access.check({ address: '127.0.0.1', port }, own);

    assert.equal(warnings.length, 1);
  });
});

describe('access.local_group', () => {
  const refusalFor = async (access: LocalAccess, port: number): Promise<string | undefined> =>
    (await access.check({ address: '127.0.0.1', port }, own)).refusal?.message;

  it('lets in its members and root, and tells others why not', async () => {
    const access = accessWith('lab');

    assert.equal(await refusalFor(access, 1), undefined);
    assert.equal(await refusalFor(access, 2), undefined);
    assert.equal(
      await refusalFor(access, 3),
      'probes of this machine are for group lab (access.local_group), and user:bob is not in it',
    );
    assert.match((await refusalFor(access, 4)) ?? '', /uid:4242 is not in it/);
  });

  it('says so where the system knows no such group: then it is the config that is wrong', async () => {
    assert.equal(
      await refusalFor(accessWith('labb'), 2),
      'probes of this machine are for group labb (access.local_group), which the system does not know',
    );
  });

  it('keeps out a local client whose user cannot be told', async () => {
    const blind = accessWith('lab', async () => Promise.reject(new Error('no such file')));

    assert.match((await refusalFor(accessWith('lab'), 9)) ?? '', /whose client this is cannot be told/);
    assert.match((await refusalFor(blind, 2)) ?? '', /whose client this is cannot be told/);
  });

  it('holds as a new config has it, for those who come then', async () => {
    const access = accessWith('lab');

    assert.notEqual(await refusalFor(access, 3), undefined);
    access.configure({});
    assert.equal(await refusalFor(access, 3), undefined);
  });

  it('that the system does not know is a problem for operators, warned of once, until it is there', async () => {
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
    const access = accessWith('labb', undefined, log);

    for (let i = 0; i < 2; i++) await access.look();

    assert.match(access.problem?.what ?? '', /^the system knows no group labb \(access\.local_group\): .* only root/);
    assert.match(access.problem?.remedy ?? '', /"sudo groupadd labb"/);
    assert.equal(warnings.length, 1);
    access.configure({ localGroup: 'lab' });
    await access.look();
    assert.equal(access.problem, undefined);
  });

  it('that is there again is no problem any more, as soon as a member gets in', async () => {
    let groups = '';
    const access = new LocalAccess({
      owners: { ownerOf: async () => 1000 },
      users: {
        nameOf: async () => 'ada',
        isMember: async (_uid, group) => group === groups,
        hasGroup: async (group) => group === groups,
      },
      log: silentLogger,
      rules: { localGroup: 'lab' },
    });
    await access.look();
    assert.notEqual(access.problem, undefined);

    groups = 'lab'; // the name service is up
    assert.equal(await refusalFor(access, 2), undefined);

    assert.equal(access.problem, undefined);
  });
});
