import { isIP } from 'node:net';
import { Ajv } from 'ajv';
import { allowListProblem } from './allow-list.js';
import { globProblem } from './glob.js';

/** An ajv that knows the words and formats of the config's schema, finds every mistake, and converts nothing. */
export function configAjv(): Ajv {
  const ajv = new Ajv({ strict: true, allErrors: true, verbose: true });
  ajv.addVocabulary(['unit', 'platformDefault', 'allowed']);
  ajv.addFormat('address', (text) => text === 'localhost' || isIP(text) !== 0);
  ajv.addFormat('allow-list', (text) => allowListProblem(text) === undefined);
  ajv.addFormat('glob', (text) => globProblem(text) === undefined);
  ajv.addFormat(
    'usb-id-glob',
    (text) => /^[0-9a-f*?[\]!-]+:[0-9a-f*?[\]!-]+$/i.test(text) && globProblem(text) === undefined,
  );
  return ajv;
}
