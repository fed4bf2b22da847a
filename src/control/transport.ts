// Messages over a unix socket, on node-ipc 14.0.0: the only module that knows it. On the wire a message is
// `{"type": …, "data": …}` and a form feed. Settings: what survives the attacks of test/control/attacks.test.ts.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type IpcConfig, IPCModule } from 'node-ipc';
import type { ClientMessageType, ServerMessageType } from './messages.js';

export interface TransportLimits {
  readonly maxMessageBytes: number;
  readonly maxPendingBytes: number;
  readonly messageTimeoutMs: number;
}

/** One connection. */
export interface Link<Out extends string> {
  /** What has been sent and is still in this process. */
  readonly unsentBytes: number;
  /** @returns false if it was not sent: the link is closed, or the message too long */
  send(type: Out, data: object): boolean;
  /** At once; what is unsent is lost. Calls `onClose`, later. */
  close(): void;
}

/** What becomes of a link. Handlers must not throw. */
export interface LinkHandlers {
  onMessage(data: unknown): void;
  /** Everything that was sent has left this process. */
  onDrain(): void;
  onClose(): void;
}

export interface ServerOptions {
  readonly path: string;
  readonly limits: TransportLimits;
  /** Connections that the kernel's queue may hand over before any of them could be closed. */
  readonly maxConnections: number;
  /** Called for each connection. Must not throw. */
  readonly accept: (link: Link<ServerMessageType>, socket: Socket) => LinkHandlers;
  /** Faults of single connections: malformed or too long messages, resets. */
  readonly onError: (error: Error) => void;
}

/** Listens. The path must be free; the socket gets the permissions of the umask. @throws Error with a system `code` */
export async function serve(options: ServerOptions): Promise<AsyncDisposable> {
  const ipc = new IPCModule();
  configure(ipc.config, options.limits);
  ipc.config.maxConnections = options.maxConnections;
  ipc.serve(options.path);
  const { server } = ipc;
  const links = new WeakMap<Socket, LinkHandlers>();

  server.on('connect', (socket: Socket) => {
    const link = linkTo<ServerMessageType>(socket, (type, data) => server.emit(socket, type, data));
    const handlers = options.accept(link, socket);
    links.set(socket, handlers);
    socket.on('drain', () => handlers.onDrain());
    socket.once('close', () => handlers.onClose());
  });
  const type: ClientMessageType = 'request';
  server.on(type, (data: unknown, socket: Socket) => links.get(socket)?.onMessage(data));

  const started = new Promise<void>((resolve, reject) => {
    server.on('start', resolve);
    server.on('error', reject); // settled by then when it is the fault of a connection
  });
  server.on('error', options.onError);
  server.start();
  await started;
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server.server, 'close');
      server.stop();
      await closed;
    },
  };
}

export interface ClientHandlers {
  onMessage(type: ServerMessageType, data: unknown): void;
  onClose(error: Error | undefined): void;
}

/** Connects. @throws Error with a system `code`, such as ENOENT, ECONNREFUSED, EACCES */
export async function connect(
  path: string,
  limits: TransportLimits,
  handlers: ClientHandlers,
): Promise<Link<ClientMessageType>> {
  const ipc = new IPCModule();
  configure(ipc.config, limits);
  ipc.connectTo('daemon', path);
  const client = ipc.of.daemon;
  if (!client) throw new Error(`unreachable: no connection to ${path}`);

  for (const type of ['reply', 'event', 'lost'] satisfies readonly ServerMessageType[]) {
    client.on(type, (data: unknown) => handlers.onMessage(type, data));
  }
  let fault: Error | undefined;
  client.on('error', (error) => (fault = error));
  await new Promise<void>((resolve, reject) => {
    client.on('connect', resolve);
    client.on('disconnect', () => reject(fault ?? new Error('the connection was closed at once')));
  });
  client.on('disconnect', () => handlers.onClose(fault));
  return linkTo(client.socket, (type, data) => client.emit(type, data));
}

function configure(config: IpcConfig, limits: TransportLimits): void {
  config.silent = true;
  config.logPayloads = false;
  config.parser = 'guarded'; // the default one lets `{}` and 100 MB without end through
  config.allowReservedEvents = false; // else a peer could send "close" and "error"
  config.identifyPeer = false; // else a peer could choose `socket.id`
  config.unlink = false; // else a second server takes the path from the first
  config.secureSocketRoot = false; // else a directory that a group shares becomes 0700
  config.maxMessageSize = limits.maxMessageBytes;
  config.maxPendingBytes = limits.maxPendingBytes;
  config.messageTimeout = limits.messageTimeoutMs;
  config.stopRetrying = true; // reconnecting is the caller's to decide
  config.maxRetries = 0;
}

function linkTo<Out extends string>(socket: Socket, emit: (type: Out, data: object) => boolean): Link<Out> {
  return {
    get unsentBytes() {
      return socket.writableLength;
    },
    send(type, data) {
      if (!socket.writable) return false;
      try {
        emit(type, data);
      } catch {
        return false; // IPCProtocolError: longer than maxMessageSize
      }
      return !socket.destroyed; // over maxPendingBytes it is destroyed
    },
    close: () => void socket.destroy(),
  };
}
