// The tables of docs/control-protocol.md, as the code would write them.

import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import { commands } from '../../src/control/commands.js';
import { daemonEvents } from '../../src/control/daemon-events.js';
import {
  CLIENT_ROW,
  DETAILS,
  LAST_OPEN,
  PORTS,
  PROBE_ROW,
  PROBLEM,
  RELOADED,
  RESERVATION,
  STATUS,
  WAITING_ROW,
} from '../../src/control/snapshots.js';
import { describeSchema } from '../../src/jsonl/schema.js';

interface Facts {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
}

/** Shapes that have a name on the page. */
const shapes: readonly (readonly [name: string, schema: TSchema])[] = [
  ['status', STATUS],
  ['probe', PROBE_ROW],
  ['problem', PROBLEM],
  ['details', DETAILS],
  ['reservation', RESERVATION],
  ['client', CLIENT_ROW],
  ['waiting client', WAITING_ROW],
  ['last open', LAST_OPEN],
  ['ports', PORTS],
  ['reloaded', RELOADED],
];

function factsOf(schema: TSchema): Facts {
  return schema;
}

function nameOf(schema: TSchema): string | undefined {
  const bare = { ...factsOf(schema), description: undefined };
  return shapes.find(([, shape]) => {
    const known = { ...factsOf(shape), description: undefined };
    return isDeepStrictEqual(JSON.parse(JSON.stringify(bare)), JSON.parse(JSON.stringify(known)));
  })?.[0];
}

function typeText(schema: TSchema): string {
  const named = nameOf(schema);
  if (named !== undefined) return `_${named}_`;
  const facts = factsOf(schema);
  if (facts.const !== undefined) return JSON.stringify(facts.const);
  if (facts.type === 'array' && facts.items) return `list of ${typeText(facts.items)}`;
  if (facts.type === 'boolean') return 'true or false';
  return facts.enum ? 'string' : (facts.type ?? 'any');
}

/** Rows `field | type | meaning` of an object; fields of nameless objects inside are written with a dot. */
function fieldRows(schema: TSchema, prefix = ''): string[] {
  const { properties = {}, required = [], anyOf = [] } = factsOf(schema);
  const own = Object.entries(properties).flatMap(([name, field]) => {
    const { items, description = '' } = factsOf(field);
    const path = `${prefix}${name}`;
    const row = `\`${path}\`${required.includes(name) ? '' : ', optional'} | ${typeText(field)} | ${description}`;
    const inner = items && nameOf(items) === undefined ? fieldRows(items, `${path}[].`) : [];
    return [row, ...inner, ...(nameOf(field) === undefined ? fieldRows(field, `${path}.`) : [])];
  });
  return [...own, ...anyOf.flatMap((variant) => fieldRows(variant, prefix))];
}

export function commandRows(): string[] {
  return commands.map(({ name, args, result, summary }) => {
    const { required = [] } = factsOf(args.schema);
    const given = args.list.map((argument) => {
      const optional = required.includes(argument.name) ? '' : ', optional';
      return `\`${argument.name}\`${optional}: ${describeSchema(argument.schema)}`;
    });
    const { schema } = result;
    const shape = schema && nameOf(schema);
    const answer =
      shape === undefined ? fieldRows(schema ?? {}).map((row) => row.split(' | ', 2).join(': ')) : [`_${shape}_`];
    return [`\`${name}\``, given.length === 0 ? '–' : given.join('; '), answer.join('; '), summary].join(' | ');
  });
}

/** Of each shape, by its heading, the rows of its table. */
export function shapeTables(): ReadonlyMap<string, readonly string[]> {
  return new Map(shapes.map(([name, schema]) => [name, fieldRows(schema)]));
}

export function eventRows(): string[] {
  return daemonEvents.map((schema) => {
    const { properties = {}, description = '' } = factsOf(schema);
    const [type, ...fields] = Object.entries(properties);
    const text = fields
      .map(([name, field]) => `\`${name}\`: ${factsOf(field).description ?? typeText(field)}`)
      .join('; ');
    return [`\`${String(factsOf(type[1]).const)}\``, text === '' ? '–' : text, description].join(' | ');
  });
}
