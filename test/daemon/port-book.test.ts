import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describeError } from '../../src/base/errors.js';
import { PortBookError, PortRangeFullError } from '../../src/daemon/port-book-errors.js';
import { encodeBook } from '../../src/daemon/port-book-file.js';
import { PortBook, type PortBookOptions } from '../../src/daemon/port-book.js';
import type { StateFiles } from '../../src/daemon/state-files.js';
import { MemoryFiles } from './memory-files.js';

const DIRECTORY = '/state';
const COPIES = [`${DIRECTORY}/ports.1`, `${DIRECTORY}/ports.2`] as const;

function open(files: StateFiles, options: Partial<PortBookOptions> = {}): Promise<PortBook> {
  return PortBook.open({
    directory: DIRECTORY,
    range: { first: 5555, last: 5810 },
    fixed: new Map(),
    files,
    ...options,
  });
}

/** A disk with the book of three probes on it. */
async function diskWithBook(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await using book = await open(files);
  await book.assign('A');
  await book.assign('B');
  await book.assign('C');
  return files;
}

async function portsOn(files: StateFiles): Promise<readonly (number | undefined)[]> {
  await using book = await open(files);
  return ['A', 'B', 'C'].map((uid) => book.portFor(uid));
}

const OLD_PORTS = [5555, 5556, 5557];

describe('the port of a probe', () => {
  it('is the lowest free one, and stays over restarts', async () => {
    const files = await diskWithBook();

    await using book = await open(files);

    assert.deepEqual([await book.assign('C'), await book.assign('A'), await book.assign('D')], [5557, 5555, 5558]);
    assert.equal(book.problem, undefined);
    assert.deepEqual(book.findings, []);
  });

  it('stays when the range moves, and new probes get theirs from the new one', async () => {
    const files = await diskWithBook();

    await using book = await open(files, { range: { first: 6000, last: 6010 } });

    assert.equal(await book.assign('A'), 5555);
    assert.equal(await book.assign('D'), 6000);
  });

  it('is free for others once the probe is forgotten', async () => {
    const files = await diskWithBook();
    await using book = await open(files);

    assert.equal(await book.forget('B'), true);
    assert.equal(await book.forget('B'), false);

    assert.equal(book.portFor('B'), undefined);
    assert.equal(await book.assign('D'), 5556);
    assert.deepEqual(await portsOn(files), [5555, undefined, 5557]);
  });

  it('that the config gives is nobody else’s, and the old one comes back with the old config', async () => {
    const files = await diskWithBook();
    await using book = await open(files, {
      fixed: new Map([
        ['X', 5555],
        ['B', 7000],
      ]),
    });

    assert.equal(await book.assign('X'), 5555);
    assert.equal(await book.assign('B'), 7000);
    assert.equal(book.portFor('A'), undefined);

    book.configure({ range: { first: 5555, last: 5810 }, fixed: new Map() });
    assert.equal(await book.assign('A'), 5555);
    assert.equal(await book.assign('B'), 5556);
  });

  it('is another one for good if the probe has to make way', async () => {
    const files = await diskWithBook();
    {
      await using book = await open(files, { fixed: new Map([['X', 5555]]) });
      assert.equal(await book.assign('A'), 5558);
    }

    await using later = await open(files);
    assert.equal(await later.assign('A'), 5558);
  });

  it('is any where the system chooses, and is not kept', async () => {
    await using book = await open(new MemoryFiles(), { range: { first: 0, last: 0 } });

    assert.equal(await book.assign('A'), 0);
    assert.deepEqual(book.entries, []);
  });

  it('cannot be had when all belong to others, which says what to do', async () => {
    const files = await diskWithBook();
    await using book = await open(files, { range: { first: 5555, last: 5558 }, fixed: new Map([['X', 5558]]) });

    await assert.rejects(
      book.assign('D'),
      (error) =>
        error instanceof PortRangeFullError &&
        error.message ===
          'no port is left for probe D: 5555 to 5558 belong to A, B, C and 1 more: ' +
            'run "probectl forget UID" for one that is gone, or raise listen.port_count',
    );
    await book.forget('A');
    assert.equal(await book.assign('D'), 5555);
  });

  it('is unique however many probes come at once, for few writes', async () => {
    const files = new MemoryFiles();
    await using book = await open(files);
    const uids = Array.from({ length: 64 }, (_, index) => `P${index}`);

    const ports = await Promise.all([...uids, ...uids].map((uid) => book.assign(uid)));

    assert.equal(new Set(ports).size, 64);
    assert.deepEqual(ports.slice(0, 64), ports.slice(64));
    // Makes its directory, writes, renames and syncs two copies, at most twice; and has looked for both before.
    assert(files.operations <= 2 + 2 * 7, `${files.operations} operations`);
  });

  it('is known to a second caller no sooner than it is on the disk', async () => {
    const files = new MemoryFiles();
    await using book = await open(files);

    const first = book.assign('A');
    await book.assign('A');

    assert.equal((await portsOn(files))[0], 5555);
    await first;
  });
});

describe('what probectl sets', () => {
  it('is kept beside the port, until it is taken back', async () => {
    const files = await diskWithBook();
    {
      await using book = await open(files);
      await book.update('A', { name: 'left' });
      await book.update('A', { enabled: false });
      await book.update('new', { name: 'right' });
    }

    await using book = await open(files);
    assert.deepEqual(book.recordOf('A'), { port: 5555, enabled: false, name: 'left' });
    assert.deepEqual(book.recordOf('new'), { name: 'right' });
    await book.update('A', { name: undefined });
    assert.deepEqual(book.entries[0], { uid: 'A', port: 5555, enabled: false });
  });

  it('can have any uid and name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), async (uid, name) => {
        const files = new MemoryFiles();
        {
          await using book = await open(files);
          await book.update(uid, { name });
        }
        await using book = await open(files);
        assert.deepEqual(book.entries, [{ uid, name }]);
      }),
      { numRuns: 50 },
    );
    await using book = await open(new MemoryFiles());
    await book.update('__proto__', { name: 'x' });
    assert.deepEqual(book.entries, [{ uid: '__proto__', name: 'x' }]);
  });
});

describe('a port book whose files are damaged', () => {
  for (const [index, copy] of COPIES.entries()) {
    it(`is whole with copy ${index + 1} cut at any byte, and mends it`, async () => {
      const disk = await diskWithBook();
      const content = disk.seen.get(copy) ?? new Uint8Array();
      assert(content.length > 100);
      for (let length = 0; length < content.length; length++) {
        const files = disk.restart(() => true);
        files.seen.set(copy, content.subarray(0, length));

        assert.deepEqual(await portsOn(files), OLD_PORTS);

        // Mended: now the other one may go.
        files.seen.delete(COPIES[1 - index] ?? '');
        assert.deepEqual(await portsOn(files), OLD_PORTS);
      }
    });

    it(`is whole with any byte of copy ${index + 1} flipped`, async () => {
      const disk = await diskWithBook();
      const content = disk.seen.get(copy) ?? new Uint8Array();
      for (let at = 0; at < content.length; at++) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const files = disk.restart(() => true);
          files.seen.set(
            copy,
            content.map((byte, position) => (position === at ? byte ^ mask : byte)),
          );

          await using book = await open(files);

          assert.deepEqual(
            ['A', 'B', 'C'].map((uid) => book.portFor(uid)),
            OLD_PORTS,
          );
          assert.match(book.findings.join(), /one of the two copies .* was damaged/);
          assert.equal(book.problem, undefined);
        }
      }
    });

    it(`has copy ${index + 1} mended before the good one is touched`, async () => {
      const files = await diskWithBook();
      files.seen.set(copy, Buffer.from('damaged'));
      const renamed: string[] = [];
      files.onOperation = (operation, file) => {
        if (operation === 'rename') renamed.push(file);
      };

      await portsOn(files);

      assert.equal(renamed.at(0), `${copy}.new`);
    });

    it(`is whole with copy ${index + 1} gone or unreadable`, async () => {
      const files = await diskWithBook();
      files.seen.delete(copy);
      assert.deepEqual(await portsOn(files), OLD_PORTS);

      files.onOperation = (operation, file) => {
        if (operation === 'read' && file === copy) throw new Error('EIO: i/o error');
      };
      assert.deepEqual(await portsOn(files), OLD_PORTS);
    });
  }

  it('begins anew with both damaged, says so, and keeps what is left', async () => {
    const files = await diskWithBook();
    for (const copy of COPIES) files.seen.set(copy, (files.seen.get(copy) ?? new Uint8Array()).subarray(1));
    {
      await using book = await open(files);
      assert.match(book.findings.join('\n'), /both copies .* damaged or gone.*\n.*kept as \/state\/ports.1.damaged/);
      assert.equal(await book.assign('C'), 5555);
    }

    assert.deepEqual(await portsOn(files), [undefined, undefined, 5555]);
    assert(files.seen.has('/state/ports.1.damaged') && files.seen.has('/state/ports.2.damaged'));
  });

  it('writes over nothing it cannot put aside or read', async () => {
    const files = await diskWithBook();
    for (const copy of COPIES) files.seen.set(copy, Buffer.from('damaged'));
    for (const forbidden of ['rename', 'read'] as const) {
      files.onOperation = (operation) => {
        if (operation === forbidden) throw new Error('EPERM: operation not permitted');
      };
      await using book = await open(files);

      assert.equal(await book.assign('C'), 5555);

      assert(book.problem && describeError(book.problem).includes('EPERM'));
      assert.equal(Buffer.from(files.seen.get(COPIES[0]) ?? []).toString(), 'damaged');
    }
  });

  it('leaves a book of a later version alone', async () => {
    const files = new MemoryFiles();
    const later = laterBook();
    files.seen.set(COPIES[0], later);
    await using book = await open(files);

    assert.equal(await book.assign('A'), 5555);

    assert.match(book.problem?.message ?? '', /from a newer probed and is left alone/);
    assert.deepEqual(files.seen.get(COPIES[0]), later);
  });

  it('keeps what a later version has noted of a probe, whatever this one changes', async () => {
    const files = new MemoryFiles();
    const noted = { port: 5555, name: 'left', lastSeen: '2027-01-01' };
    files.seen.set(COPIES[0], encodeBook(1, new Map([['A', noted]])));

    await using book = await open(files);
    await book.assign('B');
    await book.update('A', { name: undefined, enabled: false });
    await book.update('A', { enabled: true });

    const texts = COPIES.map((file) => Buffer.from(files.seen.get(file) ?? []).toString());
    assert(
      texts.some((text) => text.includes('"A": {"port":5555,"lastSeen":"2027-01-01","enabled":true}')),
      texts.join(),
    );
  });

  it('takes two probes on one port, or nonsense with a right checksum, for damage', async () => {
    const twice = new Map([
      ['A', { port: 5555 }],
      ['B', { port: 5555 }],
    ]);
    for (const records of [twice, new Map([['A', { port: 70_000 }]])]) {
      const files = await diskWithBook();
      files.seen.set(COPIES[0], encodeBook(99, records));

      assert.deepEqual(await portsOn(files), OLD_PORTS);
    }
  });
});

describe('a port book on a disk that does not take it', () => {
  for (const failing of ['makeDirectory', 'write', 'rename', 'syncDirectory'] as const) {
    it(`works in memory while ${failing} fails, says so, and is written as soon as it can be`, async () => {
      const files = await diskWithBook();
      await using book = await open(files);
      files.onOperation = (operation) => {
        if (operation === failing) throw new Error('ENOSPC: no space left on device');
      };

      assert.equal(await book.assign('D'), 5558);
      assert.equal(await book.assign('A'), 5555);
      assert(book.problem);
      assert.equal(
        describeError(book.problem),
        'the port book cannot be written: what changes now is lost when the daemon stops: ENOSPC: no space left on device',
      );
      assert.deepEqual(await portsOn(files.restart(() => true)), OLD_PORTS);

      files.onOperation = () => undefined;
      assert.equal(await book.assign('E'), 5559);
      assert.equal(book.problem, undefined);
      await using later = await open(files);
      assert.equal(later.portFor('D'), 5558);
    });
  }

  it('tells when it begins to fail, for each reason once, and when it works again', async () => {
    const files = await diskWithBook();
    const told: string[] = [];
    const onProblem = (problem: PortBookError | undefined) =>
      told.push(problem ? describeError(problem.cause) : 'fine');
    await using book = await open(files, { onProblem });
    for (const reason of ['ENOSPC', 'ENOSPC', 'EROFS', undefined, undefined]) {
      files.onOperation = (operation) => {
        if (operation === 'write' && reason !== undefined) throw new Error(reason);
      };
      await book.update('A', { name: reason });
    }

    assert.deepEqual(told, ['ENOSPC', 'EROFS', 'fine']);
  });

  it('is written when it is tried again, and is not written when there is no need', async () => {
    const files = await diskWithBook();
    await using book = await open(files);
    files.onOperation = () => {
      throw new Error('ENOSPC: no space left on device');
    };
    await book.forget('A');
    assert.equal(book.isBehind, true);

    files.onOperation = () => undefined;
    await book.retry();

    assert.equal(book.isBehind, false);
    assert.deepEqual(await portsOn(files), [undefined, 5556, 5557]);
    const { operations } = files;
    await book.retry();
    assert.equal(files.operations, operations);
  });

  for (const [code, remedy] of [
    ['ENOSPC', /^make room on the disk of \/state: /],
    ['EACCES', /^make \/state writable for the user that probed runs as$/],
    ['EROFS', /^\/state is on a disk that is mounted read-only: /],
    ['EIO', /^look after \/state, /],
  ] as const) {
    it(`says what to do about ${code}`, () => {
      const error = new PortBookError(
        'the port book cannot be written',
        '/state',
        Object.assign(new Error(), { code }),
      );

      assert.match(error.remedy, remedy);
    });
  }

  it('tries a last time when it is closed', async () => {
    const files = await diskWithBook();
    {
      await using book = await open(files);
      files.onOperation = (operation) => {
        if (operation === 'write') throw new Error('ENOSPC: no space left on device');
      };
      await book.forget('A');
      files.onOperation = () => undefined;
    }

    assert.deepEqual(await portsOn(files), [undefined, 5556, 5557]);
  });
});

describe('the port book on the real disk', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'probed-state-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const onDisk = (state: string) =>
    PortBook.open({ directory: state, range: { first: 5555, last: 5810 }, fixed: new Map() });

  it('is made with its directory and read again', async () => {
    const state = path.join(directory, 'var/lib/probed');
    {
      await using book = await onDisk(state);
      assert.equal(await book.assign('A'), 5555);
      await book.update('A', { name: 'left' });
    }

    await using book = await onDisk(state);
    assert.deepEqual(book.entries, [{ uid: 'A', port: 5555, name: 'left' }]);
    assert.equal(readFileSync(path.join(state, 'ports.1'), 'utf8'), readFileSync(path.join(state, 'ports.2'), 'utf8'));
    assert.match(readFileSync(path.join(state, 'ports.1'), 'utf8'), /\n "A": \{"port":5555,"name":"left"\}\n/);
  });

  it('is in memory where there is a file in place of the directory', async () => {
    const state = path.join(directory, 'state');
    writeFileSync(state, '');
    await using book = await onDisk(state);

    assert.equal(await book.assign('A'), 5555);

    assert.match(book.problem ? describeError(book.problem) : '', /the port book cannot be .*(ENOTDIR|EEXIST)/);
  });
});

describe('a power cut between or within any two file operations', () => {
  type Step =
    | { readonly do: 'assign' | 'forget' | 'rename'; readonly uid: string }
    | { readonly do: 'cut'; readonly after: number }
    | { readonly do: 'restart' };

  const uid = fc.constantFrom('A', 'B', 'C', 'D', 'E');
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('assign', 'assign', 'forget', 'rename'), uid }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('cut'), after: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' }) },
  );

  it('loses nothing that was promised', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.infiniteStream(fc.boolean()),
        async (steps, coin) => {
          const keepsLatest = () => coin.next().value === true;
          const options = { range: { first: 5000, last: 5003 } };
          let files = new MemoryFiles();
          let book = await open(files, options);
          let promised = JSON.stringify([]);
          let counter = 0;

          for (const current of steps) {
            if (current.do === 'cut') {
              files.losePowerAfter(current.after);
              continue;
            }
            if (current.do === 'assign') {
              await book.assign(current.uid).catch((error: unknown) => assert(error instanceof PortRangeFullError));
            } else if (current.do === 'forget') {
              await book.forget(current.uid);
            } else if (current.do === 'rename') {
              await book.update(current.uid, { name: `name ${counter++}` });
            }
            const wanted = JSON.stringify(sorted(book));
            const isKept = files.hasPower;
            assert.equal(book.problem === undefined, isKept, 'it says whether it could keep its word');

            if (isKept) {
              promised = wanted;
              // Either copy is enough.
              for (const copy of COPIES) {
                const half = files.restart(() => false);
                half.seen.delete(copy);
                assert.equal(JSON.stringify(sorted(await open(half, options))), promised);
              }
            }
            if (!isKept || current.do === 'restart') {
              files = files.restart(keepsLatest);
              book = await open(files, options);
              const found = JSON.stringify(sorted(book));
              assert(found === promised || found === wanted, `${found} is neither ${promised} nor ${wanted}`);
              assert.deepEqual(book.findings, [], 'a power cut damages no copy');
              promised = found;
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  function sorted(book: PortBook): unknown {
    const ports = book.entries.flatMap(({ port }) => port ?? []);
    assert.equal(new Set(ports).size, ports.length, 'no port twice');
    return book.entries.toSorted((a, b) => a.uid.localeCompare(b.uid));
  }
});

/** A book in format 2, with the checksum that belongs to it. */
function laterBook(): Uint8Array {
  const body = '{}\n';
  const checksum = createHash('sha256').update(`2 1\n${body}`).digest('hex');
  return Buffer.from(`probed port book, format 2, generation 1, sha256 ${checksum}\n${body}`);
}
