import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import type { AuditSettings } from '../../src/config/config.js';
import { type AuditFiles, auditFiles } from '../../src/daemon/audit-files.js';
import { type AuditError, AuditLog } from '../../src/daemon/audit-log.js';
import { FakeClock } from '../support/fake-clock.js';

const time = '2026-11-27T06:00:00.000Z';

describe('the audit log', () => {
  let folder = '';
  let oldMask = 0;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'probed-audit-'));
    oldMask = process.umask(0o077); // as in the unit
  });
  afterEach(() => {
    process.umask(oldMask);
    rmSync(folder, { recursive: true });
  });

  const settingsWith = (more: Partial<AuditSettings> = {}): AuditSettings => ({
    file: path.join(folder, 'log/audit.jsonl'),
    maxBytes: 10_000,
    files: 3,
    ...more,
  });
  const linesOf = (name: string): unknown[] =>
    readFileSync(path.join(folder, 'log', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  const noteRefusals = (audit: AuditLog, count: number, reason = 'no'): void => {
    for (let i = 0; i < count; i++)
      audit.note({ time, event: { type: 'turned-away', uid: 'A', principal: `addr:192.0.2.${i}`, reason } });
  };

  it('has a line for each start and each event about access, and its group may read it', async () => {
    const audit = new AuditLog({ settings: settingsWith(), clock: systemClock, onProblem: fail });

    audit.started('1.2.3');
    audit.note({ time, event: { type: 'attached', uid: 'A' } });
    audit.note({ time, event: { type: 'client-in', uid: 'A', client: 7, address: '[::1]:5', principal: 'user:ada' } });
    audit.note({ time, event: { type: 'served', uid: 'A', port: 5555 } });
    await audit[Symbol.asyncDispose]();

    const [start, ...rest] = linesOf('audit.jsonl');
    assert.equal((start as { type: string }).type, 'started');
    const entry = { time, type: 'client-in', uid: 'A', client: 7, address: '[::1]:5', principal: 'user:ada' };
    assert.deepEqual(rest, [entry]);
    assert.equal(statSync(path.join(folder, 'log/audit.jsonl')).mode & 0o777, 0o640);
  });

  it('is put aside when it is large, and only so many are kept', async () => {
    const audit = new AuditLog({ settings: settingsWith(), clock: systemClock, onProblem: fail });

    for (let round = 0; round < 5; round++) {
      noteRefusals(audit, 1, `${round}${'x'.repeat(10_000)}`);
      await audit[Symbol.asyncDispose]();
    }
    noteRefusals(audit, 1, 'last');
    await audit[Symbol.asyncDispose]();

    assert.deepEqual(readdirSync(path.join(folder, 'log')).sort(), ['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2']);
    const rounds = ['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2'].map((name) =>
      (linesOf(name) as { reason: string }[]).map(({ reason }) => reason.replace(/x+$/, '')),
    );
    assert.deepEqual(rounds, [['last'], ['4'], ['3']]);
  });

  it('is not written where there is no file, and a reload can change that', async () => {
    const { file, ...limits } = settingsWith();
    const audit = new AuditLog({ settings: limits, clock: systemClock, onProblem: fail });

    noteRefusals(audit, 1);
    audit.configure({ ...limits, ...(file !== undefined && { file }) });
    noteRefusals(audit, 2);
    await audit[Symbol.asyncDispose]();

    assert.equal(linesOf('audit.jsonl').length, 2);
  });

  it('waits for a disk that is full, says so once, and tells what was lost', async () => {
    const clock = new FakeClock();
    const problems: (AuditError | undefined)[] = [];
    let isFull = true;
    const files: AuditFiles = {
      ...auditFiles,
      append: async (...args) => {
        if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        return auditFiles.append(...args);
      },
    };
    const audit = new AuditLog({
      settings: settingsWith({ maxBytes: 1e9 }),
      clock,
      files,
      onProblem: (p) => problems.push(p),
    });

    noteRefusals(audit, 1200);
    await audit[Symbol.asyncDispose]();
    noteRefusals(audit, 1);
    await audit[Symbol.asyncDispose]();
    assert.equal(problems.length, 1);
    assert.match(audit.problem?.remedy ?? '', /make room on the disk of .*log: it is tried again every minute/);

    isFull = false;
    await audit[Symbol.asyncDispose]();

    assert.deepEqual([problems.length, audit.problem], [2, undefined]);
    const [gap, ...lines] = linesOf('audit.jsonl') as { type: string; lines?: number }[];
    assert.deepEqual([gap.type, gap.lines, lines.length], ['lost', 201, 1000]);
  });

  it('tries again after a minute by itself', async () => {
    const clock = new FakeClock();
    let attempts = 0;
    const tried: (() => void)[] = [];
    const files: AuditFiles = {
      ...auditFiles,
      append: async () => {
        attempts++;
        tried.shift()?.();
        throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      },
    };
    const again = new Promise<void>((resolve) => tried.push(() => undefined, resolve));
    const failed = new Promise<void>((resolve) => {
      const audit = new AuditLog({ settings: settingsWith(), clock, files, onProblem: () => resolve() });
      noteRefusals(audit, 1);
    });
    await failed;

    await clock.advance(60_000);
    await again;

    assert.equal(attempts, 2);
  });

  it('leaves no half line where the disk fills up in the middle of it', async function () {
    const disk = path.join(folder, 'disk');
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk]).status !== 0) {
      console.log('an audit log on a full disk: NOT RUN (it takes root to make a small one)');
      this.skip();
    }
    try {
      const file = path.join(disk, 'audit.jsonl');
      await auditFiles.append(file, 'whole\n');

      await assert.rejects(auditFiles.append(file, 'x'.repeat(64 * 1024)), { code: 'ENOSPC' });

      assert.equal(readFileSync(file, 'utf8'), 'whole\n');
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

function fail(problem: AuditError | undefined): void {
  throw problem ?? new Error('there was a problem');
}
