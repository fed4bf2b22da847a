import { CommandId, statusCommand } from './command.js';

/** Type: the LED that says whether a debugger is connected. */
const CONNECT = 0;

/**
 * DAP_HostStatus: no debugger is connected to the target, as is the case when a probe is opened. Used to get in step:
 * every probe knows it, it changes nothing, and no other command has an answer like its own.
 */
export const hostStatus = statusCommand(CommandId.HostStatus, 'DAP_HostStatus', Uint8Array.of(CONNECT, 0));
