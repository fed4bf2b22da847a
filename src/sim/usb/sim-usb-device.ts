// What can be plugged into the simulated bus, and what the bus gives it in return.

import type { UsbDeviceInfo } from '../../usb/usb-bus.js';

/** The descriptors: what stays the same from plug to plug. */
export type SimDescriptor = Omit<UsbDeviceInfo, 'key' | 'portPath' | 'accessible'>;

/** A device. The bus calls it synchronously, from inside the host's transfer: an exchange costs no event-loop turn. */
export interface SimUsbDevice {
  readonly descriptor: SimDescriptor;
  /** Plugged in. The device may send through `port` until `detached`. */
  attached(port: SimUsbPort): void;
  detached(): void;
  /** An interface was claimed or released by our host. */
  claimed(interfaceNumber: number): void;
  released(interfaceNumber: number): void;
  /** False while the endpoint answers NAK: the transfer waits, and the device calls `port.resume` when it can go on. */
  accepts(endpoint: number): boolean;
  /** One OUT transfer arrived. `data` belongs to the host again when this returns. */
  receive(endpoint: number, data: Uint8Array): void;
  /** The host has taken one message off an IN endpoint. */
  taken(endpoint: number): void;
}

/** The device's side of its attachment. */
export interface SimUsbPort {
  /**
   * Puts one message into the FIFO of an IN endpoint, where it waits for the host, over closing and opening too.
   *
   * @param endWithZlp  a zero-length packet follows when the message is a multiple of wMaxPacketSize
   */
  send(endpoint: number, message: Uint8Array, options?: { readonly endWithZlp?: boolean }): void;
  /** Messages waiting in an IN endpoint. */
  backlog(endpoint: number): number;
  /** The OUT endpoint accepts again. */
  resume(endpoint: number): void;
}

/** What went over one endpoint since the device was plugged in. */
export interface EndpointStats {
  /** Completed transfers. */
  transfers: number;
  /** USB packets of at most wMaxPacketSize, zero-length ones included. */
  packets: number;
  bytes: number;
}
