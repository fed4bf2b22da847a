import {
  CommandId,
  MalformedReplyError,
  NOT_IMPLEMENTED,
  putBytes,
  requireReply,
  type Command,
  type FixedReplyCommand,
} from './command.js';
import { UnsupportedError } from '../../../base/errors.js';

/**
 * DAP_ExecuteCommands: several commands in one packet, for one round trip. Only for probes with the capability "atomic
 * commands"; the caller sees to it that commands and answers fit.
 *
 * @throws the error of the first command that failed; the ones after it were executed all the same
 */
export function executeCommands(commands: readonly FixedReplyCommand<void>[]): Command<void> {
  return {
    id: CommandId.ExecuteCommands,
    name: `DAP_ExecuteCommands(${commands.map(({ name }) => name).join(', ')})`,
    encode(packet) {
      let size = putBytes(packet, 0, CommandId.ExecuteCommands, commands.length);
      for (const command of commands) size += command.encode(from(packet, size));
      return size;
    },
    decode(reply) {
      requireReply(this, reply, 2);
      if (reply.getUint8(1) !== commands.length) {
        throw new MalformedReplyError(
          `the probe executed ${reply.getUint8(1)} of ${commands.length} commands in ${this.name}`,
        );
      }
      let offset = 2;
      for (const command of commands) {
        requireReply(this, reply, offset + 1);
        const id = reply.getUint8(offset);
        // The answer to an unknown command is one byte, and how much of the packet was taken for it is unknown.
        if (id === NOT_IMPLEMENTED) throw new UnsupportedError(`the probe does not implement ${command.name}`);
        if (id !== command.id) {
          throw new MalformedReplyError(`the probe answered 0x${id.toString(16)} to ${command.name}`);
        }
        command.decode(from(reply, offset));
        offset += command.replySizeBytes;
      }
    },
  };
}

function from(view: DataView, offset: number): DataView {
  return new DataView(view.buffer, view.byteOffset + offset, view.byteLength - offset);
}
