/** An instruction that cannot be executed: UNDEFINED, or UNPREDICTABLE and taken as such. Becomes a HardFault. */
export class InstructionFault extends Error {}
