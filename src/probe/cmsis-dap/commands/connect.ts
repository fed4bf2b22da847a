import type { WireProtocol } from '../../../dap/wire-protocol.js';
import { ProbeError } from '../../errors.js';
import { CommandId, putBytes, requireReply, type FixedReplyCommand } from './command.js';

const ports: Record<WireProtocol, number> = { SWD: 1, JTAG: 2 };

/**
 * DAP_Connect: sets up the pins for a wire protocol. Port 0, "default", is never sent: some firmware does not know it.
 *
 * @throws ProbeError  if the probe answers with another port; 0 means that it could not
 */
export function connect(protocol: WireProtocol): FixedReplyCommand<void> {
  return {
    id: CommandId.Connect,
    name: 'DAP_Connect',
    replySizeBytes: 2,
    encode: (packet) => putBytes(packet, 0, CommandId.Connect, ports[protocol]),
    decode(reply) {
      requireReply(this, reply, 2);
      const port = reply.getUint8(1);
      if (port !== ports[protocol]) throw new ProbeError(`the probe could not set up its pins for ${protocol}`);
    },
  };
}
