/**
 * gone: the device left the bus. io: anything the host controller calls an error. stall: the endpoint is halted.
 * overflow: the device sent more than was asked for. access: the operating system refuses. busy: somebody else has it.
 */
export type UsbErrorKind = 'gone' | 'io' | 'timeout' | 'stall' | 'overflow' | 'access' | 'busy';

/** What a USB operation can fail with. Drivers translate it: it does not cross `probe/`. */
export class UsbError extends Error {
  override readonly name = 'UsbError';

  constructor(
    readonly kind: UsbErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
