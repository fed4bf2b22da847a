// What goes over the control socket. docs/control-protocol.md is the reference.

import { Type, type Static } from 'typebox';
import { frozen } from './frozen.js';

/** Raised when an older peer would misunderstand. New commands, arguments, fields and events do not raise it. */
export const PROTOCOL_VERSION = 1;

const ID = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** `request`, from the operator. */
export const REQUEST = frozen(
  Type.Object({
    protocol: Type.Integer(),
    id: ID,
    command: Type.String({ maxLength: 64 }),
    arguments: Type.Optional(Type.Unknown()),
  }),
);
export type RequestMessage = Static<typeof REQUEST>;

export const errorCodes = ['refused', 'no-such-probe', 'ambiguous', 'failed', 'protocol', 'internal'] as const;

export const WIRE_ERROR = frozen(
  Type.Object({
    code: Type.Unsafe<(typeof errorCodes)[number]>({ enum: [...errorCodes] }),
    message: Type.String(),
    nearest: Type.Optional(Type.Array(Type.String())),
  }),
);
export type WireError = Static<typeof WIRE_ERROR>;
export type ErrorCode = WireError['code'];

/** `reply`, from the daemon, one per request. An id of -1 answers what had none. */
export const REPLY = frozen(
  Type.Union([
    Type.Object({ id: Type.Integer(), error: WIRE_ERROR }),
    Type.Object({ id: Type.Integer(), result: Type.Unknown() }),
  ]),
);
export type ReplyMessage = Static<typeof REPLY>;

/** `lost`, from the daemon, in place of events that the operator was too slow for. */
export const LOST = frozen(Type.Object({ count: Type.Integer({ minimum: 1 }) }));
export type LostMessage = Static<typeof LOST>;

/** `event` carries a `NumberedEvent`. */
export type ServerMessageType = 'reply' | 'event' | 'lost';
export type ClientMessageType = 'request';
