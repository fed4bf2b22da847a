// The part of npm `usb` 2.18.0 that is used, as an interface: a test can stand in for it.

/** `require('usb').usb` */
export interface NativeUsb {
  /** A libusb error code. Unless it is 0, none of the functions exists. */
  readonly INIT_ERROR: number;
  getDeviceList(): NativeDevice[];
  /**
   * For endpoint 0; the others make theirs.
   * @param device  a `NativeDevice` of this list: of the class it has there, which we do not name
   * @see NativeEndpoint.makeTransfer
   */
  readonly Transfer: new (
    device: never,
    endpoint: number,
    type: number,
    timeoutMs: number,
    callback: TransferCallback,
  ) => NativeTransfer;
  /** Starts listening to the system, and keeps the process alive until `unrefHotplugEvents`. */
  on(event: 'attach' | 'detach', listener: (device: NativeDevice) => void): void;
  unrefHotplugEvents(): void;
}

/** One attachment of a device: the same object from one list to the next as long as somebody holds it. */
export interface NativeDevice {
  readonly busNumber: number;
  readonly deviceAddress: number;
  /** Missing for a root hub. */
  readonly portNumbers?: readonly number[];
  readonly deviceDescriptor: {
    readonly idVendor: number;
    readonly idProduct: number;
    readonly bcdDevice: number;
    readonly bDeviceClass: number;
    readonly iManufacturer: number;
    readonly iProduct: number;
    readonly iSerialNumber: number;
  };
  /** Of the active configuration; undefined while there is none. Opens nothing. */
  readonly configDescriptor: NativeConfiguration | undefined;
  /** Only while it is open. */
  readonly interfaces: readonly NativeInterface[] | undefined;
  /** Blocks for a system call or two. Does nothing if it is open. @throws NativeError */
  open(): void;
  /** @throws if a transfer or a call is still running */
  close(): void;
  setAutoDetachKernelDriver(enable: boolean): void;
  getStringDescriptor(index: number, callback: (error?: NativeError, text?: string) => void): void;
  // By bInterfaceNumber. `Interface.claim` and its like take the place in the descriptor for the number, which is wrong
  // where a device leaves numbers out.
  __claimInterface(number: number): void;
  __releaseInterface(number: number, callback: (error?: NativeError) => void): void;
}

export interface NativeConfiguration {
  readonly bConfigurationValue: number;
  /** By interface, then by alternate setting. */
  readonly interfaces: readonly (readonly NativeInterfaceDescriptor[])[];
}

export interface NativeInterfaceDescriptor {
  readonly bInterfaceNumber: number;
  readonly bInterfaceClass: number;
  readonly bInterfaceSubClass: number;
  readonly bInterfaceProtocol: number;
  readonly iInterface: number;
  readonly endpoints: readonly {
    readonly bEndpointAddress: number;
    readonly bmAttributes: number;
    readonly wMaxPacketSize: number;
  }[];
}

export interface NativeInterface {
  readonly interfaceNumber: number;
  readonly endpoints: readonly NativeEndpoint[];
}

export interface NativeEndpoint {
  readonly address: number;
  /** @param timeoutMs  0: endless */
  makeTransfer(timeoutMs: number, callback: TransferCallback): NativeTransfer;
  clearHalt(callback: (error: NativeError | undefined) => void): void;
}

/** @param actualLength  bytes moved; of a control transfer without its setup packet */
export type TransferCallback = (error: NativeError | undefined, buffer: Buffer, actualLength: number) => void;

export interface NativeTransfer {
  /** @throws NativeError  and then the callback is not called */
  submit(buffer: Buffer): unknown;
  /** The callback still comes. @returns false if the transfer has ended, and its callback is on its way */
  cancel(): boolean;
}

/** `errno`: a libusb_transfer_status if positive, a libusb_error if negative. */
export type NativeError = Error & { readonly errno: number };
