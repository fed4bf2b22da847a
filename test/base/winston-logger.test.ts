import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { systemClock } from '../../src/base/clock.js';
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
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream, clock: systemClock });

    log.child({ uid: 'A1' }).warn('probe opened', { port: 5555, error: new Error('two words'), gone: undefined });
    await output[Symbol.asyncDispose]();

    assert.match(
      lines.join(''),
      /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}probe opened uid=A1 port=5555 error="two words"\n$/,
    );
  });

  it('gives the journal priorities instead of time and level: sd-daemon(3)', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'trace', format: 'journal', stream, clock: systemClock });

    for (const level of ['error', 'warn', 'info', 'debug', 'trace'] as const) log[level](level, { uid: 'A1' });
    await output[Symbol.asyncDispose]();

    const written = lines.join('').trimEnd().split('\n');
    assert.deepEqual(written, [
      '<3>error uid=A1',
      '<4>warn uid=A1',
      '<6>info uid=A1',
      '<7>debug uid=A1',
      '<7>trace uid=A1',
    ]);
  });

  it('writes JSON, one object a line', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'json', stream, clock: systemClock });

    log.error('probe lost', { uid: 'A1', error: new Error('two\nlines', { cause: new Error('why') }) });
    await output[Symbol.asyncDispose]();

    const { time, ...rest } = JSON.parse(lines.join('')) as Record<string, unknown>;
    assert.equal(new Date(String(time)).toISOString(), time);
    assert.deepEqual(rest, { level: 'error', message: 'probe lost', uid: 'A1', error: 'two\nlines: why' });
  });

  it('counts a fault that comes again and again instead of writing it each time', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'journal', stream, clock: systemClock });

    for (let i = 0; i < 51; i++) log.error('no bus', { uid: 'A1' });
    log.error('no bus', { uid: 'B2' });
    for (let i = 0; i < 2; i++) log.info('same news');
    await output[Symbol.asyncDispose]();

    assert.deepEqual(lines.join('').trimEnd().split('\n'), [
      '<3>no bus uid=A1',
      '<3>no bus uid=A1 repeated=10',
      '<3>no bus uid=B2',
      '<6>same news',
      '<6>same news',
      '<3>no bus uid=A1 repeated=50',
    ]);
  });

  it('leaves out what is below its level, and says so when asked', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream, clock: systemClock });

    log.debug('request');
    await output[Symbol.asyncDispose]();

    assert.equal(log.isEnabled('debug'), false);
    assert.equal(log.isEnabled('error'), true);
    assert.deepEqual(lines, []);
  });

  it('has written every line when it is disposed', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream, clock: systemClock });

    for (let i = 0; i < 1000; i++) log.info('line', { i });
    await output[Symbol.asyncDispose]();

    assert.equal(lines.length, 1000);
  });

  it('keeps an event on one line, whatever a field holds', async () => {
    const { stream, lines } = slowStream();
    const { log, ...output } = openLog({ level: 'info', format: 'text', stream, clock: systemClock });

    log.info('odd', { text: 'two\nlines', object: { a: 'b\nc' } });
    await output[Symbol.asyncDispose]();

    assert.equal(lines.join('').split('\n').length, 2);
  });
});
