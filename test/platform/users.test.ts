import assert from 'node:assert/strict';
import { FakeClock } from '../support/fake-clock.js';
import { Users } from '../../src/platform/users.js';

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:Ada,,,:/home/ada:/bin/bash\n';

/** A system whose name services know bob, and of groups what `id` and `getent` print. */
class NameServices {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  answers: Readonly<Record<string, string>> = {
    'getent passwd 70001': 'bob:*:70001:70000:Bob:/home/bob:/bin/sh\n',
    'id -G -- bob': '70000 990\n',
  };
  readonly users = new Users({
    clock: this.clock,
    readPasswd: async () => PASSWD,
    groupIdOf: async (group) =>
      new Map([
        ['lab', 990],
        ['secret', 991],
      ]).get(group),
    run: async (program, args) => {
      const line = [program, ...args].join(' ');
      this.asked.push(line);
      return this.answers[line];
    },
  });
}

describe('the name of a user', () => {
  it('is the one in /etc/passwd, and nobody else is asked', async () => {
    const system = new NameServices();

    assert.equal(await system.users.nameOf(1000), 'ada');
    assert.deepEqual(system.asked, []);
  });

  it('is what the name services say of a user who is not there, and asked for once in a while', async () => {
    const system = new NameServices();

    assert.equal(await system.users.nameOf(70001), 'bob');
    assert.equal(await system.users.nameOf(70001), 'bob');
    assert.equal(system.asked.length, 1);
    system.clock.stall(60_000);
    system.answers = {};
    assert.equal(await system.users.nameOf(70001), undefined);
  });

  it('is none where nobody knows it', async () => {
    assert.equal(await new NameServices().users.nameOf(4242), undefined);
  });

  it('is found on this machine as well', async () => {
    assert.equal(await new Users().nameOf(0), 'root');
    assert.equal(await new Users().nameOf(3_999_999_999), undefined);
  });
});

describe('a user', () => {
  it('is known by /etc/passwd or the name services, or not at all', async () => {
    const system = new NameServices();
    system.answers = { 'id -un -- bob': 'bob\n', 'id -un -- 70001': 'bob\n' };

    assert.deepEqual(await Promise.all(['ada', 'bob', 'ad', 'eve'].map((name) => system.users.isUser(name))), [
      ...[true, true],
      ...[false, false],
    ]);
  });

  it('is found on this machine as well', async () => {
    assert.equal(await new Users().isUser('root'), true);
    assert.equal(await new Users().isUser('no-such-user-of-probed'), false);
    assert.equal(await new Users().isUser('0'), false); // id(1) takes numbers, too
  });
});

describe('a group', () => {
  it('has those members that the system says, by number', async () => {
    const { users } = new NameServices();

    assert.equal(await users.isMember(70001, 'lab'), true);
    assert.equal(await users.isMember(70001, 'secret'), false);
    assert.equal(await users.isMember(70001, 'nowhere'), false);
    assert.equal(await users.isMember(4242, 'lab'), false);
  });

  it('is known to the system, or is not', async () => {
    const { users } = new NameServices();

    assert.equal(await users.hasGroup('secret'), true);
    assert.equal(await users.hasGroup('nowhere'), false);
  });

  it('is found on this machine as well', async () => {
    assert.equal(await new Users().isMember(0, 'root'), true);
    assert.equal(await new Users().isMember(0, 'daemon'), false);
  });
});
