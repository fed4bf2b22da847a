import { CommandId, statusCommand } from './command.js';

/** DAP_Disconnect: makes the pins inputs. On most probes this releases nRESET too. */
export const disconnect = statusCommand(CommandId.Disconnect, 'DAP_Disconnect', Uint8Array.of());
