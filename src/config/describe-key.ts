// What the schema says of a key, in words: for complaints and for the reference page.

import type { TSchema } from 'typebox';

/** The words of a key's schema that people are told. */
export interface KeyFacts {
  readonly description: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** What is allowed, where `type` and the limits do not say it. */
  readonly allowed?: string;
  /** The field of `Paths` that the default is taken from; `default` is then that of a Linux service. */
  readonly platformDefault?: 'controlSocket' | 'stateDirectory' | 'auditFile';
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: TSchema;
}

export function keyFacts(schema: TSchema): KeyFacts {
  return { description: '', ...schema };
}

/** "an integer from 1 to 65535", "a number from 2 to 3600 (seconds)", "one of "text", "json"" */
export function describeAllowed(schema: TSchema): string {
  const facts = keyFacts(schema);
  if (facts.allowed !== undefined) return facts.allowed;
  if (facts.enum) {
    const words = facts.enum.map((word) => JSON.stringify(word));
    return words.length === 1 ? `only ${words.join('')}` : `one of ${words.join(', ')}`;
  }
  if (facts.format === 'address') return 'an IPv4 or IPv6 address, or "localhost"';
  switch (facts.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
    case 'number':
      return `${facts.type === 'integer' ? 'an integer' : 'a number'} from ${facts.minimum} to ${facts.maximum}${facts.unit === undefined ? '' : ` (${facts.unit})`}`;
    case 'array':
      return `a list of ${facts.minItems ?? 0} to ${facts.maxItems}, each ${describeAllowed(facts.items ?? {})}`;
    default:
      return 'text in quotes';
  }
}

/** A value as TOML writes it, cut where it is long. */
export function describeValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a table';
  if (typeof value !== 'string') return String(value);
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…"` : text;
}
