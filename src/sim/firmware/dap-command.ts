/** Command ids (CMSIS-DAP 2.1.2, "CMSIS-DAP Commands"). */
export const DapCommand = {
  Info: 0x00,
  HostStatus: 0x01,
  Connect: 0x02,
  Disconnect: 0x03,
  TransferConfigure: 0x04,
  Transfer: 0x05,
  TransferBlock: 0x06,
  TransferAbort: 0x07,
  WriteAbort: 0x08,
  Delay: 0x09,
  ResetTarget: 0x0a,
  SwjPins: 0x10,
  SwjClock: 0x11,
  SwjSequence: 0x12,
  SwdConfigure: 0x13,
  JtagSequence: 0x14,
  JtagConfigure: 0x15,
  JtagIdcode: 0x16,
  SwoTransport: 0x17,
  SwoMode: 0x18,
  SwoBaudrate: 0x19,
  SwoControl: 0x1a,
  SwoStatus: 0x1b,
  SwoData: 0x1c,
  SwdSequence: 0x1d,
  SwoExtendedStatus: 0x1e,
  QueueCommands: 0x7e,
  ExecuteCommands: 0x7f,
} as const;

/** First byte of the answer to a command the firmware does not know. */
export const INVALID_COMMAND = 0xff;
