import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Sends lines, prints "sent" when `replies` lines have come back, and never ends by itself. */
const program = `
  const [port, replies, ...lines] = process.argv.slice(1);
  const socket = require('node:net').connect(Number(port), '127.0.0.1');
  socket.write(lines.map((line) => line + '\\n').join(''));
  let received = 0;
  const note = () => received >= Number(replies) && process.stdout.write('sent');
  socket.on('connect', note);
  socket.on('data', (data) => { received += data.toString().split('\\n').length - 1; note(); });
`;

/**
 * Runs a client in a process of its own and kills it with SIGKILL, as a machine that runs out of memory would.
 *
 * @param replies  how many replies it gets before it dies; requests after that are on their way
 */
export async function killClientAfter(port: number, replies: number, requests: readonly unknown[][]): Promise<void> {
  const lines = requests.map(([request, ...args], id) =>
    JSON.stringify({ id, request, ...(args.length && { arguments: args }) }),
  );
  const client = spawn(process.execPath, ['-e', program, String(port), String(replies), ...lines]);
  await once(client.stdout, 'data');
  client.kill('SIGKILL');
  await once(client, 'close');
}
