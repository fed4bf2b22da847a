import { DaemonError } from '../base/errors.js';

/** A port could not be listened on. */
export class ListenError extends DaemonError {
  readonly kind: 'busy' | 'access';

  constructor(host: string, port: number, cause: Error) {
    const code = 'code' in cause ? cause.code : undefined;
    super(`cannot listen on ${host} port ${port}: ${explain(code) ?? cause.message}`);
    this.kind = code === 'EACCES' ? 'access' : 'busy';
  }
}

function explain(code: unknown): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program uses the port; choose another one';
    case 'EACCES':
      return 'not permitted; ports below 1024 need privileges';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    default:
      return undefined;
  }
}
