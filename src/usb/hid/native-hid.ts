// The part of npm `node-hid` 3.4.0 that is used, as an interface: a test can stand in for it.

export interface NativeHid {
  devicesAsync(vendorId: number, productId: number): Promise<readonly HidDeviceInfo[]>;
  readonly HIDAsync: { open(path: string): Promise<NativeHidDevice> };
}

export interface HidDeviceInfo {
  readonly path?: string | undefined;
  readonly serialNumber?: string | undefined;
  /** bInterfaceNumber; -1 where the system does not tell. */
  readonly interface: number;
  readonly usagePage?: number | undefined;
}

export interface NativeHidDevice {
  /** Reports come as `data`, from the first listener on. */
  on(event: 'data', listener: (report: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  /** The report id goes first; 0 where there are none. */
  write(report: Buffer): Promise<number>;
  close(): Promise<void>;
}
