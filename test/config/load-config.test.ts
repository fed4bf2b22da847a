import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/config-error.js';
import { listSettings } from '../../src/config/list-settings.js';
import { loadConfig } from '../../src/config/load-config.js';
import { complaintsAbout, loadText } from './load-text.js';
import { servicePaths } from './service-paths.js';

describe('a config file', () => {
  it('goes over the defaults, and the command line over it', () => {
    const text = '[listen]\nfirst_port = 6000\nport_count = 10\n[log]\nlevel = "debug"\n';

    const config = loadText(text, { settings: { listen: { first_port: 7000 } } });

    assert.deepEqual(config.ports, { first: 7000, last: 7009 });
    assert.equal(config.log.level, 'debug');
    assert.equal(config.limits.clientTimeoutMs, 15_000);
  });

  it('lets everybody see who set a value', () => {
    const text = '[listen]\nfirst_port = 6000\nport_count = 10\n[[probe]]\nuid = "A"\n  name = "left"\n';

    const config = loadText(text, { settings: { listen: { first_port: 7000 } } });

    assert.equal(config.sourceOf(['listen', 'first_port']), 'command line');
    assert.equal(config.sourceOf(['listen', 'port_count']), 't:3:1');
    assert.equal(config.sourceOf(['listen', 'allow_remote']), 'default');
    assert.equal(config.sourceOf(['probe', 0, 'name']), 't:6:3');
    assert.equal(config.sourceOf(['probe', 0]), 't:4:1');
    const listed = listSettings(config);
    assert.deepEqual(
      listed.find(({ key }) => key === 'probe[0].name'),
      { key: 'probe[0].name', value: 'left', source: 't:6:3' },
    );
    assert.deepEqual(
      listed.find(({ key }) => key === 'probe[0].enabled'),
      { key: 'probe[0].enabled', value: true, source: 'default' },
    );
  });

  it('finds entries however TOML writes them', () => {
    const config = loadText('probe = [{ uid = "A" }, { uid = "B", port = 6000 }]\nlog.level = "warn"\n');

    assert.equal(config.sourceOf(['probe', 1]), 't:1:25');
    assert.equal(config.sourceOf(['probe', 1, 'port']), 't:1:38');
    assert.equal(config.sourceOf(['log', 'level']), 't:2:5');
  });

  it('replaces lists by those of the command line', () => {
    const config = loadText('[[simulate]]\ncount = 5\n', { settings: { simulate: [{ options: ['v1'] }] } });

    assert.deepEqual(config.simulate, [{ options: ['v1'] }]);
    assert.equal(config.sourceOf(['simulate', 0, 'options']), 'command line');
  });

  it('cannot be changed once it is read', () => {
    const config = loadText('[[probe]]\nuid = "A"\n');

    assert.throws(() => Object.assign(config.limits, { maxClients: 1 }), TypeError);
    assert.throws(() => Object.assign(config.settings.probe[0] ?? {}, { uid: 'B' }), TypeError);
  });

  it('may begin with a byte order mark, and have lines that end with CR LF', () => {
    assert.equal(loadText('\ufeff[log]\r\nlevel = "warn"\r\n').log.level, 'warn');
  });
});

describe('a mistake in the config file', () => {
  const mistakes: readonly [text: string, complaint: string | RegExp][] = [
    ['[listen]\nfirst_port = 5555 6\n', /^t:2:19: syntax error, /],
    ['[listen\n', /^t:1:\d: syntax error, /],
    ['[log]\nlevel = loud\n', /^t:2:9: syntax error, .*text in quotes/],
    ['[log]\nlevel = "info"\nlevel = "warn"\n', /^t:3:1: syntax error, this is in the file already/],
    ['[listen]\nfirst_port = 99999999999999999999\n', /^t:2:14: syntax error, integer value/],
    ['[listen]\nfist_port = 1\n', 't:2:1: unknown key listen.fist_port: did you mean first_port?'],
    ['[listne]\n', 't:1:1: unknown table listne: did you mean [listen]?'],
    ['[wibble]\n', /^t:1:1: unknown table wibble: allowed are \[listen\], .*\[\[probe\]\]/],
    ['level = "info"\n', 't:1:1: unknown table or key level: it belongs under [log]'],
    ['[log]\nfirst_port = 1\n', 't:2:1: unknown key log.first_port: it belongs under [listen]'],
    ['[log]\n__proto__ = 1\n', /^t:2:1: unknown key log.__proto__: allowed are level, format$/],
    ['listen = 3\n', 't:1:10: listen is 3: allowed is a table [listen]'],
    ['[probe]\nuid = "A"\n', 't:1:1: probe is a table: allowed is one or more tables [[probe]]'],
    ['[listen]\nfirst_port = "http"\n', /^t:2:14: listen.first_port is "http": allowed is an integer from 0 to 65535$/],
    ['[listen]\nfirst_port = 65536\n', /^t:2:14: listen.first_port is 65536: allowed/],
    ['[listen]\nfirst_port = 1.5\n', /^t:2:14: listen.first_port is 1.5: allowed/],
    ['[listen]\nfirst_port = 1979-05-27\n', /^t:2:14: listen.first_port is 1979-05-27: allowed/],
    [
      '[listen]\nallow_remote = true\n',
      't:2:16: listen.allow_remote is true: allowed is a list of 0 to 256, each an IPv4 or IPv6 address, ' +
        'a network such as "192.0.2.0/24", or "any" for everybody',
    ],
    ['[listen]\nallow_remote = ["::1",\n "desk"]\n', /^t:3:2: .* is "desk", and that is no address: .*: allowed is/],
    ['[[probe]]\nuid = "A"\nallow_remote = ["192.0.2.7/24"]\n', /^t:3:17: probe.allow_remote .* not the first of its/],
    ['[listen]\naddresses = ["::1",\n "lab.example"]\n', /^t:3:2: listen.addresses is "lab.example": .*IPv4 or IPv6/],
    ['[listen]\naddresses = []\n', /^t:2:13: listen.addresses is a list: allowed is a list of 1 to 64/],
    ['[listen]\naddresses = ["::1", "0.0.0.0"]\n', /^t:2:21: no other machine may connect to 0.0.0.0: say/],
    ['[limits]\nclient_timeout = inf\n', /^t:2:18: .* is Infinity: allowed is a number from 2 to 3600 \(seconds\)$/],
    ['[control]\nmode = "0888"\n', /^t:2:8: .*three octal digits/],
    ['[control]\nmode = 660\n', /^t:2:8: .*three octal digits/],
    [`[control]\nsocket = "/${'x'.repeat(107)}"\n`, /^t:2:10: control.socket has 108 bytes: allowed are at most 107/],
    ['[state]\ndirectory = "here"\n', /^t:2:13: .*allowed is an absolute path$/],
    ['[log]\nformat = "xml"\n', 't:2:10: log.format is "xml": allowed is one of "auto", "text", "journal", "json"'],
    ['[[probe]]\nname = "left"\n', 't:1:1: [[probe]] has no uid: give it that of a probe'],
    ['[[probe]]\nuid = " A"\n', /^t:2:7: probe.uid is " A": allowed/],
    [
      '[[probe]]\nuid = "A"\nsharing = "alone"\n',
      't:3:11: probe.sharing is "alone": allowed is one of "shared", "exclusive", "queue"',
    ],
    ['[[probe]]\nuid = "A"\nport = 0\n', /^t:3:8: probe.port is 0: allowed is an integer from 1/],
    ['[[probe]]\nuid = "A"\n[[probe]]\nuid = "A"\n', /^t:4:7: probe.uid is "A" a second time/],
    ['[[probe]]\nuid="A"\nname="x"\n[[probe]]\nuid="B"\nname="x"\n', /^t:6:6: probe.name is "x" a second time/],
    ['[[probe]]\nuid="A"\nname="B"\n[[probe]]\nuid="B"\n', /^t:3:6: probe.name is "B", which is the uid of another/],
    ['[[probe]]\nuid="A"\nport=1\n[[probe]]\nuid="B"\nport=1\n', /^t:6:6: probe.port is 1, which probe A has/],
    ['[[match]]\n', 't:1:1: [[match]] is empty: give it one or more of uid, usb_id, product, usb_path'],
    ['[[ignore]]\nproduct = "[x"\n', /^t:2:11: ignore.product is "\[x", and a "\[" has no "\]": allowed/],
    ['[[ignore]]\nusb_id = "0x0d28:*"\n', /^t:2:10: .*VVVV:PPPP/],
    ['[[simulate]]\ncount = 200\n[[simulate]]\ncount = 57\n', /^t:4:9: 257 simulated probes: .*at most 256/],
    ['[listen]\nport_count = 2\n[[simulate]]\ncount = 3\n', /^t:2:14: 3 probes need a port and 5555 to 5556 leaves 2/],
    ['[listen]\nfirst_port = 65530\nport_count = 10\n', /^t:3:14: .*past port 65535: allowed is at most 6/],
  ];
  for (const [text, complaint] of mistakes) {
    it(`is shown where it is: ${JSON.stringify(text)}`, () => {
      const complaints = complaintsAbout(text);

      assert.equal(complaints.length, 1, complaints.join('\n'));
      if (typeof complaint === 'string') assert.equal(complaints[0], complaint);
      else assert.match(complaints[0] ?? '', complaint);
    });
  }

  it('hides no other: all are told at once, in the order of the file', () => {
    const text = [
      '[listen]',
      'adresses = ["127.0.0.1"]',
      'first_port = "http"',
      '[limits]',
      'client_timeout = [', // not the next line, which is right
      'clients_per_probe = 4',
      'lock_idle_timeout = nan',
      '[lgo',
      'level = "debug"', // without its header it is nobody's key, and no mistake
      '[[probe]]',
      'port = 70000',
      '[[probe]]',
      'uid = "A"',
      'name = "left"',
      '[[probe]]',
      'uid = "B"',
      'name = "left"',
    ].join('\n');

    const places = complaintsAbout(text).map((line) => line.replace(/^(t:\d+):.*/, '$1'));

    assert.deepEqual(places, ['t:2', 't:3', 't:5', 't:7', 't:8', 't:10', 't:11', 't:17']);
  });

  it('is told beside the mistakes of the command line', () => {
    const commandLine = { settings: { listen: { addresses: ['0.0.0.0'] } } };

    const complaints = complaintsAbout('[log]\nlevel = 5\n', commandLine);

    assert.equal(complaints.length, 2);
    assert.match(complaints[0] ?? '', /^--host: no other machine/);
    assert.match(complaints[1] ?? '', /^t:2:9: log.level/);
  });

  it('in the name of a family is said with those there are', () => {
    const complaints = complaintsAbout('[families]\noff = ["st-link", "cmsis_dap"]\n', undefined, {
      families: ['cmsis-dap', 'st-link'],
    });

    assert.deepEqual(complaints, [
      't:2:19: families.off has "cmsis_dap" (did you mean "cmsis-dap"?): allowed are "cmsis-dap", "st-link"',
    ]);
  });

  it('in the options of a simulated probe is what the simulator says it is', () => {
    const problem = (options: readonly string[]) => (options.includes('v3') ? 'there is no v3' : undefined);

    assert.throws(() => loadText('[[simulate]]\noptions = ["v3"]\n', undefined, { simulatedProblem: problem }), {
      message: 't:2:11: there is no v3',
    });
    assert.equal(
      loadText('[[simulate]]\noptions = ["v1"]\n', undefined, { simulatedProblem: problem }).simulate.length,
      1,
    );
  });

  it('of any kind has a line and a column that exist', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../etc/probed.toml'), 'utf8').replace(
      /^#(?=[a-z[])/gm,
      '',
    );
    const junk = fc.constantFrom(
      '',
      '[',
      ']',
      '"',
      "'",
      '=',
      '\n',
      '{',
      '}',
      ',',
      '"""',
      '[[probe]]\n',
      '\u0000',
      '1e9',
    );
    const place = fc.nat(text.length);
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(30), junk), { minLength: 1, maxLength: 4 }), (edits) => {
        const broken = edits.reduce((old, [at, cut, put]) => old.slice(0, at) + put + old.slice(at + cut), text);
        const lines = broken.split('\n');
        for (const complaint of complaintsAbout(broken)) {
          const [, line, column] = /^t:(\d+):(\d+): ./.exec(complaint) ?? assert.fail(complaint);
          // The end of a line, and of the file, are places too.
          assert(Number(column) <= (lines.at(Number(line) - 1) ?? '').length + 2, complaint);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('never reaches the prototype of all objects', () => {
    complaintsAbout('[__proto__]\npolluted = 1\n[log]\n__proto__.polluted = 1\nlevel = 3\n');

    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});

describe('the search for the config file', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'probed-config-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const load = (configFiles: readonly string[], configFile?: string, readFile?: (file: string) => Uint8Array) =>
    loadConfig({
      commandLine: { settings: {}, ...(configFile !== undefined && { configFile }) },
      paths: { ...servicePaths, configFiles },
      ...(readFile && { readFile }),
    });

  it('takes the first that exists', () => {
    const [missing, first, second] = ['a', 'b', 'c'].map((name) => path.join(directory, name));
    writeFileSync(first, '[listen]\nfirst_port = 6001');
    writeFileSync(second, '[listen]\nfirst_port = 6002');

    const config = load([missing, path.join(second, 'under-a-file'), first, second]);

    assert.equal(config.file, first);
    assert.equal(config.ports.first, 6001);
  });

  it('does without one', () => {
    const config = load([path.join(directory, 'none')]);

    assert.equal(config.file, undefined);
    assert.equal(config.ports.first, 5555);
  });

  it('fails on a named file that is missing, is a directory, or is not text', () => {
    const file = path.join(directory, 'probed.toml');
    const binary = path.join(directory, 'binary');
    mkdirSync(file);
    writeFileSync(binary, Buffer.from([...Buffer.from('# ä\nab"'), 0xff, 0xfe]));

    assert.throws(() => load([], path.join(directory, 'none')), /none: there is no such file: .*--config/);
    assert.throws(() => load([], file), /probed.toml: this is a directory: name the file in it/);
    assert.throws(() => load([], binary), /binary:2:4: this is not UTF-8 text/);
  });

  it('fails on a default file that is there and cannot be read', () => {
    const refuse = () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    };

    assert.throws(
      () => load(['/etc/probed/probed.toml'], undefined, refuse),
      (error) => error instanceof ConfigError && /^\/etc\/probed\/probed.toml: no permission/.test(error.message),
    );
  });
});
