import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { openLog } from '../../src/base/winston-logger.js';

/** A stream as slow as a full pipe: takes the next line only when the event loop has had a turn. */
function slowStream(): { stream: Writable; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      setImmediate(() => {
        if (chunk !== '') lines.push(chunk);
        done();
      });
    },
  });
  return { stream, lines };
}

describe('the log', () => {
  it('writes a line per event: time, level, sentence, fields', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream });

    log.child({ uid: 'A1' }).warn('probe opened', { port: 5555, error: new Error('two words'), gone: undefined });
    await output[Symbol.asyncDispose]();

    assert.match(
      lines.join(''),
      /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}probe opened uid=A1 port=5555 error="two words"\n$/,
    );
  });

  it('leaves out what is below its level, and says so when asked', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream });

    log.debug('request');
    await output[Symbol.asyncDispose]();

    assert.equal(log.isEnabled('debug'), false);
    assert.equal(log.isEnabled('error'), true);
    assert.deepEqual(lines, []);
  });

  it('has written every line when it is disposed', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream });

    for (let i = 0; i < 1000; i++) log.info('line', { i });
    await output[Symbol.asyncDispose]();

    assert.equal(lines.length, 1000);
  });

  it('keeps an event on one line, whatever a field holds', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream });

    log.info('odd', { text: 'two\nlines', object: { a: 'b\nc' } });
    await output[Symbol.asyncDispose]();

    assert.equal(lines.join('').split('\n').length, 2);
  });
});
