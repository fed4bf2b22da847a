import type { ErrorObject } from 'ajv';
import { Type, type Static, type TObject, type TProperties } from 'typebox';
import { arg, type RequestArguments } from '../jsonl/request-arguments.js';
import { describeSchema } from '../jsonl/schema.js';
import type { Frozen } from './frozen.js';

/** Arguments by name, in an object. Those whose schema is `Type.Optional` may be left out; none may be added. */
export function namedArgs<P extends TProperties>(properties: P): RequestArguments<Frozen<Static<TObject<P>>>> {
  const list = Object.entries(properties).map(([name, schema]) => arg(name, schema));
  return {
    list,
    schema: Type.Object(properties, { additionalProperties: false }),
    complain: (_given, error) => complain(properties, error),
  };
}

/** @param error  the validator's first complaint: `params` says which name is missing or unknown */
function complain(properties: TProperties, error: ErrorObject | undefined): string {
  switch (error?.keyword) {
    case 'required':
      return `argument ${String(error.params.missingProperty)} is missing`;
    case 'additionalProperties': {
      const known = Object.keys(properties).join(', ');
      const name = JSON.stringify(error.params.additionalProperty);
      return `there is no argument ${name}: it takes ${known === '' ? 'none' : known}`;
    }
    default: {
      const name = error?.instancePath.split('/').at(1) ?? '';
      return name === ''
        ? 'arguments must be an object'
        : `argument ${name} must be ${describeSchema(properties[name])}`;
    }
  }
}
