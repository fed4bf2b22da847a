// An operator's messages over any stream, such as ssh's: what node-ipc puts on the wire, docs/control-protocol.md, "Wire".

import type { Duplex } from 'node:stream';
import type { ClientMessageType, ServerMessageType } from './messages.js';
import type { ClientHandlers, Link, TransportLimits } from './transport.js';

/** Ends each message. */
const FORM_FEED = '\f';

/** @param stream  connected; from here on it is the link's */
export function linkOver(stream: Duplex, limits: TransportLimits, handlers: ClientHandlers): Link<ClientMessageType> {
  let received = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const messages = (received + text).split(FORM_FEED);
    received = messages.pop() ?? '';
    for (const message of messages) deliver(message);
    if (received.length > limits.maxMessageBytes) stream.destroy(new Error('a message without end'));
  });
  let fault: Error | undefined;
  stream.on('error', (error: Error) => (fault = error));
  stream.once('close', () => handlers.onClose(fault));
  stream.once('end', () => stream.destroy());

  const deliver = (text: string): void => {
    const message = parseMessage(text);
    if (message) handlers.onMessage(message.type, message.data);
    else stream.destroy(new Error('what answers is no control socket of probed'));
  };
  return {
    get unsentBytes() {
      return stream.writableLength;
    },
    send(type, data) {
      if (!stream.writable) return false;
      stream.write(JSON.stringify({ type, data }) + FORM_FEED);
      return true;
    },
    close: () => void stream.destroy(),
  };
}

const serverMessageTypes: readonly ServerMessageType[] = ['reply', 'event', 'lost'];

function parseMessage(text: string): { readonly type: ServerMessageType; readonly data: unknown } | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null || !('type' in message) || !('data' in message)) return undefined;
  const type = serverMessageTypes.find((known) => known === message.type);
  return type && { type, data: message.data };
}
