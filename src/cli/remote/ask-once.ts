import type { Duplex } from 'node:stream';
import { abortReason } from '../../base/clock.js';

/**
 * Sends one line on a connection to a probe, before it is somebody else's. Where it fails, it is destroyed.
 * @param question  without its terminator
 * @returns  the line that answers it
 * @throws what the stream fails with
 */
export function askOnce(stream: Duplex, question: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const over = (error: Error): void => {
      stream.destroy();
      reject(error);
    };
    const onAbort = (): void => over(abortReason(signal));
    const onClose = (): void => over(new Error('the other side has closed the connection'));
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (!received.includes('\n')) return;
      // From here on it is the caller's. It need not be paused: nobody answers before there is another question.
      signal.removeEventListener('abort', onAbort);
      stream.off('data', onData).off('end', onClose).off('close', onClose).off('error', over);
      resolve(Buffer.from(received, 'latin1').toString('utf8').trimEnd());
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('error', over).on('end', onClose).on('close', onClose).on('data', onData);
    stream.write(`${question}\n`);
  });
}
