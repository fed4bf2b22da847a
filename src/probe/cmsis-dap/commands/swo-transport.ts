import { CommandId, statusCommand, type FixedReplyCommand } from './command.js';

/** How captured bytes reach us: by DAP_SWO_Data, or on a bulk endpoint of their own. */
export const SwoTransport = { None: 0, Data: 1, Endpoint: 2 } as const;

/** DAP_SWO_Transport. @param transport one of `SwoTransport` */
export function swoTransport(transport: number): FixedReplyCommand<void> {
  return statusCommand(CommandId.SwoTransport, 'DAP_SWO_Transport', Uint8Array.of(transport));
}
