import assert, { AssertionError } from 'node:assert';
import { Type } from 'typebox';
import { RequestError } from '../../src/base/errors.js';
import { arg, args } from '../../src/jsonl/request-arguments.js';
import { noResult, request, requestTable, result } from '../../src/jsonl/request-table.js';
import { integerList, oneOf, U32, wideUint } from '../../src/jsonl/schema.js';

const BYTES = integerList({ minimum: 0, maximum: 255 }, { minItems: 1, maxItems: 3 });

const add = request({
  name: 'add',
  summary: 'Adds.',
  args: args(arg('base', U32), arg('bits', wideUint(64)), arg('mode', oneOf('up', 'down')), arg('bytes', BYTES)),
  result: result(Type.Integer({ minimum: 0, maximum: 100 })),
  run: (offset: number, [base]) => base + offset,
});
const ping = request({ name: 'ping', summary: 'Answers.', args: args(), result: noResult, run: () => undefined });

function call(name: string, ...given: unknown[]): unknown {
  const found = requestTable<number>([add, ping], { checkResults: true }).find(name);
  assert(found);
  return found(1, given);
}

function complaint(...given: unknown[]): string {
  try {
    call('add', ...given);
  } catch (error) {
    if (error instanceof RequestError) return error.message;
    throw error;
  }
  return 'none';
}

describe('a request table', () => {
  it('runs a request with its context and its arguments', () => {
    assert.equal(call('add', 4, 2n ** 64n - 1n, 'up', [1]), 5);
    assert.equal(call('ping'), undefined);
  });

  it('knows no other name, not even of Object', () => {
    const table = requestTable([ping]);

    assert.equal(table.find('pong'), undefined);
    assert.equal(table.find('constructor'), undefined);
  });

  it('says which argument is wrong, by name, and what it must be', () => {
    assert.equal(complaint(), 'add: takes 4 arguments (base, bits, mode, bytes), got 0');
    assert.equal(complaint('4', 0, 'up', [1]), 'add: argument 1 (base) must be an integer from 0 to 4294967295');
    assert.equal(complaint(1.5, 0, 'up', [1]), 'add: argument 1 (base) must be an integer from 0 to 4294967295');
    assert.equal(complaint(4n, 0, 'up', [1]), 'add: argument 1 (base) must be an integer from 0 to 4294967295');
    assert.equal(
      complaint(4, 2n ** 64n, 'up', [1]),
      'add: argument 2 (bits) must be an unsigned integer of at most 64 bits',
    );
    assert.equal(complaint(4, 0, 'UP', [1]), 'add: argument 3 (mode) must be one of "up", "down"');
    const list = 'add: argument 4 (bytes) must be a list of 1 to 3, each an integer from 0 to 255';
    assert.equal(complaint(4, 0, 'up', []), list);
    assert.equal(complaint(4, 0, 'up', [1, 2, 3, 4]), list);
    assert.equal(complaint(4, 0, 'up', [1, 256]), `${list}; element 1 is not`);
  });

  it('refuses a wide integer that has been rounded on its way', () => {
    assert.match(complaint(4, 1e18, 'up', [1]), /argument 2/); // written with an exponent: 10^18 is past 2^53
    assert.match(complaint(4, -1, 'up', [1]), /argument 2/);
    assert.match(complaint(4, 0.5, 'up', [1]), /argument 2/);
  });

  it('refuses two requests of one name', () => {
    assert.throws(() => requestTable([ping, ping]), /ping is declared twice/);
  });

  it('refuses a schema that means nothing, before any request comes', () => {
    const args_ = args(arg('a', Type.Unsafe({ maximun: 3 })));
    const broken = request({ name: 'broken', summary: '', args: args_, result: noResult, run: () => undefined });

    assert.throws(() => requestTable([broken]), /maximun/);
  });

  it('holds a handler to its result, under test', async () => {
    assert.throws(() => call('add', 100, 0, 'up', [1]), AssertionError);
    const late = request({ name: 'late', summary: '', args: args(), result: result(U32), run: async () => -1 });
    const found = requestTable([late], { checkResults: true }).find('late');

    await assert.rejects(async () => found?.(undefined, []), AssertionError);
  });
});
