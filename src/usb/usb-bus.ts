// The one hardware seam: USB as the drivers see it. Declared here, implemented by usb/libusb, usb/hid and sim.

/** Names one attachment of one device: a replugged device has another key. */
export type DeviceKey = string & { readonly brand: 'DeviceKey' };

/** Makes a key out of whatever tells attachments apart on a bus. */
export function deviceKey(text: string): DeviceKey {
  return text as DeviceKey;
}

/** What is known of a device without opening it. */
export interface UsbDeviceInfo {
  readonly key: DeviceKey;
  readonly vendorId: number;
  readonly productId: number;
  /** bcdDevice: 0x0221 is release 2.21. */
  readonly deviceVersion: number;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serial?: string;
  /** Bus and ports, "1-2.3": the same as long as the device stays in the same socket. */
  readonly portPath: string;
  /** False: the operating system will refuse us the device (`access(2)` on its node, nothing opened). */
  readonly accessible: boolean;
  /** The file that is opened to use it, where there is one: "/dev/bus/usb/001/004". Another one at every plug. */
  readonly node?: string;
  readonly interfaces: readonly UsbInterfaceInfo[];
}

export interface UsbInterfaceInfo {
  readonly number: number;
  readonly classCode: number;
  readonly subclassCode: number;
  readonly protocolCode: number;
  /** The interface string, where the device has one. */
  readonly name?: string;
  /** In descriptor order, which CMSIS-DAP gives a meaning. */
  readonly endpoints: readonly UsbEndpointInfo[];
  /** HID only: bytes of an input and an output report, without the report id. */
  readonly hidReports?: { readonly inputSizeBytes: number; readonly outputSizeBytes: number };
}

export interface UsbEndpointInfo {
  /** bEndpointAddress: bit 7 set means IN. */
  readonly address: number;
  readonly transferType: 'control' | 'isochronous' | 'bulk' | 'interrupt';
  /** wMaxPacketSize. */
  readonly maxPacketSizeBytes: number;
}

/** USB class codes (usb.org, Defined Class Codes). */
export const UsbClass = { Hid: 0x03, Hub: 0x09, Vendor: 0xff } as const;

/** Bit 7 of an endpoint address. */
export const ENDPOINT_IN = 0x80;

export interface TransferOptions {
  /** How long to wait for completion. At least 1; there is no endless transfer. */
  readonly timeoutMs: number;
  /** Cancels the transfer and waits until the cancellation is complete. For streams; packet exchanges use none. */
  readonly signal?: AbortSignal;
}

export interface UsbBus extends AsyncDisposable {
  list(): Promise<readonly UsbDeviceInfo[]>;
  /** Calls `onChange` whenever `list()` may have changed. Subscribe first, then list: nothing falls between. */
  subscribe(onChange: () => void): Disposable;
  /**
   * Opens the device and claims one interface.
   * @throws UsbError  `gone`, `access`, `busy`, `io`
   */
  open(key: DeviceKey, interfaceNumber: number): Promise<UsbConnection>;
}

/** One claimed interface. Disposing it cancels what is in flight, waits for that, and releases the interface. */
export interface UsbConnection extends AsyncDisposable {
  /** Aborts once, with a `UsbError` of kind `gone`, when this attachment leaves the bus. */
  readonly gone: AbortSignal;
  /**
   * Sends one transfer; empty `data` is a zero-length packet. Several may be in flight; they complete in order.
   * `data` must stay as it is until the transfer settles.
   * @throws UsbError
   */
  transferOut(endpoint: number, data: Uint8Array, options: TransferOptions): Promise<void>;
  /**
   * Receives one transfer: ends with `lengthBytes` received, or with a short or zero-length packet.
   * @throws UsbError  `timeout`: nothing arrived, or not all; what had arrived is dropped
   */
  transferIn(endpoint: number, lengthBytes: number, options: TransferOptions): Promise<Uint8Array>;
  /**
   * Sends a HID output report without id over endpoint 0: for a HID interface without an OUT endpoint. HID 1.11, 7.2.2.
   * @throws UsbError
   */
  setReport(report: Uint8Array, options: TransferOptions): Promise<void>;
}
