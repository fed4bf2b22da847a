import { UnsupportedError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Command } from './commands/command.js';
import { Capability, InfoId, infoNumber, infoText } from './commands/info.js';
import { swdSequence } from './commands/swd-sequence.js';
import type { PacketExchange } from './packet-exchange.js';

/** What a probe says of itself, with sane values where it says nothing or nonsense. */
export interface ProbeInfo {
  readonly packetSizeBytes: number;
  readonly packetCount: number;
  /** Bits of `Capability`. */
  readonly capabilities: number;
  /** As the probe gives it; some give the version of their firmware. */
  readonly protocolVersion: string | undefined;
  readonly firmwareVersion: string | undefined;
  readonly hasSwdSequence: boolean;
  /** 0: no usable SWO. */
  readonly swoBufferSizeBytes: number;
}

/** The smallest USB packet of a bulk endpoint; less would not hold a SWJ sequence of 256 bits with a clock after it. */
const MIN_PACKET_BYTES = 64;
/** A trace buffer of more than this, 4 GB for example, is a number nobody has set. */
const MAX_SWO_BUFFER_BYTES = 0x100_0000;

/** Asks a probe for all of it, and sets the pipe's packet size. The signal stops it between two questions. */
export async function readProbeInfo(exchange: PacketExchange, log: Logger, signal: AbortSignal): Promise<ProbeInfo> {
  signal.throwIfAborted();
  await exchange.begin({ attempts: 16, timeoutMs: 50 });
  const packetSizeBytes = await findPacketSize(exchange, log, signal);
  const ask = <T>(command: Command<T>): Promise<T | undefined> => optional(exchange.exchange(command, signal));

  const packetCount = await ask(infoNumber(InfoId.PacketCount));
  const capabilities = await ask(infoNumber(InfoId.Capabilities));
  const protocolVersion = await ask(infoText(InfoId.ProtocolVersion));
  const firmwareVersion = await ask(infoText(InfoId.FirmwareVersion));
  const swoBufferSizeBytes = (await ask(infoNumber(InfoId.SwoBufferSize))) ?? 0;
  const hasWireProtocol = ((capabilities ?? 0) & (Capability.Swd | Capability.Jtag)) !== 0;
  if (!hasWireProtocol) log.warn('the probe does not say which wire protocol it has: taken for SWD');
  return {
    packetSizeBytes,
    packetCount: packetCount === undefined || packetCount === 0 ? 1 : Math.min(packetCount, 0xff),
    capabilities: (capabilities ?? 0) | (hasWireProtocol ? 0 : Capability.Swd),
    protocolVersion,
    firmwareVersion,
    hasSwdSequence: await hasSwdSequence(exchange, protocolVersion, signal),
    swoBufferSizeBytes: swoBufferSizeBytes > MAX_SWO_BUFFER_BYTES ? 0 : swoBufferSizeBytes,
  };
}

async function findPacketSize(exchange: PacketExchange, log: Logger, signal: AbortSignal): Promise<number> {
  const packetSizeBytes = await optional(exchange.exchange(infoNumber(InfoId.PacketSize), signal));
  if (packetSizeBytes !== undefined && packetSizeBytes >= MIN_PACKET_BYTES) {
    exchange.pipe.resize(packetSizeBytes);
  } else {
    log.warn('the probe does not say how long its packets are', { assumed: exchange.pipe.packetSizeBytes });
  }
  return exchange.pipe.packetSizeBytes;
}

/**
 * There is no capability bit for DAP_SWD_Sequence: it came with protocol version 1.2.0. Where the version is not one of
 * CMSIS-DAP's, we look: a sequence of no pieces does nothing.
 */
async function hasSwdSequence(
  exchange: PacketExchange,
  protocolVersion: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const version = parseProtocolVersion(protocolVersion);
  if (version) return version.major > 1 || version.minor >= 2;
  return (await optional(exchange.exchange(swdSequence([]), signal))) !== undefined;
}

/**
 * Reads a CMSIS-DAP version: "1.2.0", or "1.10", which means 1.1.0.
 *
 * @returns undefined for anything else, such as DAPLink's "0254" and "0255", which are versions of its firmware
 */
export function parseProtocolVersion(text: string | undefined): { major: number; minor: number } | undefined {
  const match = /^([12])\.(\d)(?:\d|\.\d+)?$/.exec(text ?? '');
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

async function optional<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}
