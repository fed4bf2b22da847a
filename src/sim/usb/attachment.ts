import type { Clock } from '../../base/clock.js';
import { ENDPOINT_IN, type DeviceKey, type UsbDeviceInfo, type UsbEndpointInfo } from '../../usb/usb-bus.js';
import { UsbError } from '../../usb/usb-error.js';
import type { LinkConditions } from './endpoint.js';
import { InEndpoint } from './in-endpoint.js';
import { OutEndpoint } from './out-endpoint.js';
import type { SimUsbDevice, SimUsbPort } from './sim-usb-device.js';

/** Carries HID output reports of interfaces without an OUT endpoint. */
const endpoint0: UsbEndpointInfo = { address: 0, transferType: 'control', maxPacketSizeBytes: 64 };

/** One device in one socket, from plug to unplug. */
export class Attachment implements SimUsbPort {
  readonly #gone = new AbortController();
  readonly #in = new Map<number, InEndpoint>();
  readonly #out = new Map<number, OutEndpoint>();
  /** Interface number -> who has it. */
  readonly claims = new Map<number, object>();
  accessible = true;

  constructor(
    readonly key: DeviceKey,
    readonly portPath: string,
    readonly device: SimUsbDevice,
    clock: Clock,
    conditions: LinkConditions,
  ) {
    for (const info of [endpoint0, ...device.descriptor.interfaces.flatMap(({ endpoints }) => endpoints)]) {
      const { address } = info;
      if (address & ENDPOINT_IN) {
        const endpoint = new InEndpoint(info, clock, conditions);
        endpoint.onTaken = () => device.taken(address);
        this.#in.set(address, endpoint);
      } else {
        const endpoint = new OutEndpoint(info, clock, conditions);
        endpoint.accepts = () => device.accepts(address);
        endpoint.deliver = (data) => device.receive(address, data);
        this.#out.set(address, endpoint);
      }
    }
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get info(): UsbDeviceInfo {
    return { ...this.device.descriptor, key: this.key, portPath: this.portPath, accessible: this.accessible };
  }

  /** @throws UsbError `io`: there is no such endpoint */
  in(address: number): InEndpoint {
    return this.#in.get(address) ?? noEndpoint(address);
  }

  /** @throws UsbError `io`: there is no such endpoint */
  out(address: number): OutEndpoint {
    return this.#out.get(address) ?? noEndpoint(address);
  }

  endpoint(address: number): InEndpoint | OutEndpoint {
    return address & ENDPOINT_IN ? this.in(address) : this.out(address);
  }

  get endpoints(): readonly (InEndpoint | OutEndpoint)[] {
    return [...this.#in.values(), ...this.#out.values()];
  }

  send(endpoint: number, message: Uint8Array, options?: { readonly endWithZlp?: boolean }): void {
    this.in(endpoint).send(message, options?.endWithZlp ?? false);
  }

  backlog(endpoint: number): number {
    return this.in(endpoint).backlog;
  }

  resume(endpoint: number): void {
    this.out(endpoint).proceed();
  }

  /** Fails every transfer, running or new. */
  fail(error: UsbError): void {
    for (const endpoint of this.endpoints) endpoint.halt(error);
  }

  leave(): void {
    const error = new UsbError('gone', `device left the bus at port ${this.portPath}`);
    this.fail(error);
    this.#gone.abort(error);
    this.device.detached();
  }
}

function noEndpoint(address: number): never {
  throw new UsbError('io', `no endpoint 0x${address.toString(16)}`);
}
