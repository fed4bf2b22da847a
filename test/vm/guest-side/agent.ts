// The test runner's hands in the guest: JSON lines over a virtio-serial port, a request and its reply by id. As root.
// Bundled into one file and put into the image; src/ is not used here.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const PORT = '/dev/virtio-ports/probed.agent';
/** Of a command's output, so much is kept: its end. */
const OUTPUT_LIMIT = 4 << 20;

interface RunArguments {
  readonly argv: readonly [string, ...string[]];
  readonly timeoutMs: number;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a module that is loaded exports: operations by name. */
export type Operations = Record<string, (args: never) => Promise<unknown>>;

const operations: Operations = {
  /** Runs a program to its end, or kills it after `timeoutMs`. */
  run({ argv, timeoutMs, input = '', env = {} }: RunArguments) {
    return new Promise((resolve, reject) => {
      const [program, ...args] = argv;
      const options = { cwd: '/', env: { ...process.env, ...env }, timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
      const child = spawn(program, args, options);
      const printed = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          printed[name] = (printed[name] + text).slice(-OUTPUT_LIMIT);
        });
      }
      child.stdin.on('error', () => undefined); // it may end without reading
      child.stdin.end(input);
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, ...printed }));
    });
  },
  async read({ path }: { path: string }) {
    return fs.readFileSync(path).toString('base64');
  },
  async write({ path, data, mode }: { path: string; data: string; mode: number }) {
    fs.writeFileSync(path, Buffer.from(data, 'base64'), { mode });
  },
  /** Learns the operations of another module. */
  async load({ path }: { path: string }) {
    const { operations: more } = createRequire(path)(path) as { operations: Operations };
    Object.assign(operations, more);
  },
};

// It can be opened only once. Reading keeps one of Node's threads waiting in read(2): no poll(2) on this device for libuv.
const port = fs.openSync(PORT, 'r+');

function send(message: object): void {
  let bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(fs.writeSync(port, bytes));
}

async function answer(line: string): Promise<void> {
  const { id, operation, ...args } = JSON.parse(line) as { id: number; operation: string };
  try {
    send({ id, result: await operations[operation](args as never) });
  } catch (error) {
    send({ id, error: error instanceof Error ? error.stack : String(error) });
  }
}

async function serve(): Promise<void> {
  const read = promisify(fs.read);
  const chunk = Buffer.alloc(1 << 16);
  const decoder = new StringDecoder('utf8');
  let received = '';
  for (;;) {
    const { bytesRead } = await read(port, chunk, 0, chunk.length, null);
    if (bytesRead === 0) await sleep(50); // nobody is connected at the other end
    received += decoder.write(chunk.subarray(0, bytesRead));
    for (let end = received.indexOf('\n'); end >= 0; end = received.indexOf('\n')) {
      const line = received.slice(0, end);
      received = received.slice(end + 1);
      answer(line).catch((error: unknown) => console.error(line, error));
    }
  }
}

serve().catch((error: unknown) => {
  console.error(error);
  process.exit(1); // systemd starts it again
});
