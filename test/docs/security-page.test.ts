import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { codeBlocks } from '../support/markdown.js';
import { loadText } from '../config/load-text.js';
import { mayBeUsedRemotely } from '../../src/config/remote-clients.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/security.md'), 'utf8');

describe('docs/security.md', () => {
  it('shows rules that nftables takes, for the ports that are the default', function () {
    const [rules] = codeBlocks(page, 'nft');
    const { ports } = loadText('');
    assert(rules.includes(`tcp dport ${ports.first}-${ports.last} drop`));
    // To check rules it asks the kernel, so that it takes root.
    const { status, stderr, error } = spawnSync('nft', ['-c', '-f', '-'], { input: rules, encoding: 'utf8' });
    if (error !== undefined || process.getuid?.() !== 0) {
      console.log('nftables rules: NOT RUN (they take root and nftables)');
      this.skip();
    }

    assert.deepEqual([status, stderr], [0, '']);
  });

  it('shows a config that holds', () => {
    const [text] = codeBlocks(page, 'toml');

    assert(mayBeUsedRemotely(loadText(text), 'E6616407E3646B29'));
  });

  it('names every event of the audit log', async () => {
    const { audited } = await import('../../src/daemon/audit-log.js');

    const section = page.slice(page.indexOf('## The audit log'), page.indexOf('```json'));
    const named = [...section.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name);
    assert.deepEqual(
      [...audited, 'started', 'lost'].filter((type) => !named.includes(type)),
      [],
    );
  });
});
