import { CommandId, statusCommand, type FixedReplyCommand } from './command.js';

export const SwoMode = { Off: 0, Uart: 1, Manchester: 2 } as const;

/** DAP_SWO_Mode. @param mode one of `SwoMode` */
export function swoMode(mode: number): FixedReplyCommand<void> {
  return statusCommand(CommandId.SwoMode, 'DAP_SWO_Mode', Uint8Array.of(mode));
}
