// node-ipc 14.0.0 comes without types. Only what transport.ts uses.

declare module 'node-ipc' {
  import type { Server, Socket } from 'node:net';

  export interface IpcConfig {
    silent: boolean;
    parser: 'guarded';
    unlink: boolean;
    maxMessageSize: number;
    maxPendingBytes: number;
    messageTimeout: number;
    maxConnections: number;
    allowReservedEvents: boolean;
    identifyPeer: boolean;
    logPayloads: boolean;
    secureSocketRoot: boolean;
    stopRetrying: boolean;
    maxRetries: number;
  }

  export interface IpcServer {
    readonly server: Server;
    on(type: 'start', handler: () => void): void;
    on(type: 'error', handler: (error: Error) => void): void;
    on(type: 'connect', handler: (socket: Socket) => void): void;
    on(type: string, handler: (data: unknown, socket: Socket) => void): void;
    /** Sends. @throws IPCProtocolError if the message is over `maxMessageSize` */
    emit(socket: Socket, type: string, data: object): boolean;
    start(): void;
    stop(): void;
  }

  export interface IpcClient {
    readonly socket: Socket;
    on(type: 'connect' | 'disconnect', handler: () => void): void;
    on(type: 'error', handler: (error: Error) => void): void;
    on(type: string, handler: (data: unknown) => void): void;
    /** Sends. @throws IPCProtocolError if the message is over `maxMessageSize` */
    emit(type: string, data: object): boolean;
  }

  export class IPCModule {
    readonly config: IpcConfig;
    readonly server: IpcServer;
    readonly of: Readonly<Record<string, IpcClient | undefined>>;
    serve(path: string, onStart?: () => void): void;
    connectTo(id: string, path: string, onConnectStarted?: () => void): void;
    disconnect(id: string): void;
  }
}
