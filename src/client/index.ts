// What `import … from 'probed/client'` gives. docs/client.md has an example.

export { type ConnectOptions, connectProbe, type ProbeClient } from './probe-client.js';
export { type ProbeEndpoint, type TcpAddress, tcpEndpoint } from './endpoint.js';
export {
  ProbeConnectionLostError,
  ProbeFailureError,
  ProbeGoneError,
  RefusedError,
  ReplyError,
  WireError,
  WireFaultError,
  WireTimeoutError,
} from './errors.js';
export type { ProbeRequestArguments, ProbeRequestName, ProbeRequestResult } from '../protocol/request-names.js';
