/** What is spoken between probe and target. */
export type WireProtocol = 'SWD' | 'JTAG';

/** A client may leave the choice to the probe. */
export type RequestedProtocol = WireProtocol | 'DEFAULT';
