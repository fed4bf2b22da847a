import { shellWord } from '../base/shell-word.js';
import { probeWords } from './probe-words.js';
import { pyocdOptions } from './pyocd-options.js';
import type { ProbeRow } from './snapshots.js';

/** The command that runs pyOCD with a served probe of this machine: by `probectl run` where pyOCD cannot be told its address. */
export function pyocdCommand(probe: Pick<ProbeRow, 'uid' | 'addresses' | 'port' | 'target'>): string {
  const options = pyocdOptions(probe);
  if (options !== '') return `pyocd cmd ${options}`;
  const words = ['probectl', 'run', ...probeWords(probe.uid), '--', 'pyocd', 'cmd'];
  return [...words, ...(probe.target === undefined ? [] : ['-t', probe.target])].map(shellWord).join(' ');
}
