import { spawn } from 'node:child_process';
import type { Operations } from './agent.js';

/**
 * Keeps the event loop of a Node process busy for ever, by Node's own debugger. Ends when the process has ended.
 *
 * @returns  what the debugger printed
 */
function blockEventLoop({ pid }: { pid: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const inspector = spawn(process.execPath, ['inspect', '-p', String(pid)]);
    let printed = '';
    let isTold = false;
    inspector.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (isTold || !printed.includes('debug> ')) return;
      isTold = true;
      inspector.stdin.write('exec while (true) {}\n');
    });
    inspector.on('error', reject);
    inspector.on('close', () => resolve(printed));
    const look = setInterval(() => {
      try {
        process.kill(pid, 0);
      } catch {
        clearInterval(look);
        inspector.kill();
      }
    }, 100);
  });
}

export const operations: Operations = { blockEventLoop };
