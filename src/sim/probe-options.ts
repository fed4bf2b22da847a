// The options of a simulated probe as a person writes them: `probed --simulate 2,v1,packet-size=64`.

import { RequestError } from '../base/errors.js';
import { parseFault } from './fault-option.js';
import type { SimProbeOptions } from './sim-probe.js';

type WrittenOptions = Omit<SimProbeOptions, 'uid' | 'clock'>;

/** Options that are a single word. */
const words: Readonly<Record<string, WrittenOptions>> = {
  v1: { transports: 'v1' },
  v2: { transports: 'v2' },
  both: { transports: 'both' },
  'second-ap': { board: { kind: 'second-ap' } },
  multidrop: { board: { kind: 'multidrop' } },
  dpv3: { board: { kind: 'dpv3' } },
};

/** Options that take a number. */
const numbers: Readonly<Record<string, { min: number; max: number; of: (value: number) => WrittenOptions }>> = {
  'packet-size': { min: 64, max: 1024, of: (packetSizeBytes) => ({ packetSizeBytes }) },
  'packet-count': { min: 1, max: 255, of: (packetCount) => ({ packetCount }) },
};

const FAULT = 'fault=';

/**
 * @param options  "v1", "packet-size=64", ...; a later one goes over an earlier one, but faults add up
 * @throws RequestError  naming what is wrong and what is allowed
 */
export function parseProbeOptions(options: readonly string[]): WrittenOptions {
  const isFault = (text: string): boolean => text.startsWith(FAULT);
  const faults = options.filter(isFault).map((text) => parseFault(text.slice(FAULT.length)));
  const others = options.filter((text) => !isFault(text)).map(parseOption);
  return Object.assign({}, ...others, faults.length > 0 && { faults }) as WrittenOptions;
}

function parseOption(text: string): WrittenOptions {
  if (Object.hasOwn(words, text)) return words[text];
  const [name, value = ''] = text.split('=', 2);
  if (!Object.hasOwn(numbers, name)) {
    const known = [...Object.keys(words), ...Object.keys(numbers).map((key) => `${key}=N`), `${FAULT}...`];
    throw new RequestError(`simulated probe: unknown option "${text}": choose from ${known.join(', ')}`);
  }
  const { min, max, of } = numbers[name];
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) {
    throw new RequestError(`simulated probe: ${name} is a number from ${min} to ${max}, not "${value}"`);
  }
  return of(number);
}
