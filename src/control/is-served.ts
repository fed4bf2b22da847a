/** Whether the port of a probe answers. @param state  as `ProbeRow` has it, or as a probe was told of on the network */
export function isServed(state: string): boolean {
  return state === 'ready' || state === 'in-use';
}
