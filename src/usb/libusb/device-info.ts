import { UsbClass, type DeviceKey, type UsbDeviceInfo, type UsbEndpointInfo } from '../usb-bus.js';
import { portPathOf, type DeviceTexts } from './device-source.js';
import type { NativeDevice } from './native.js';

/** By bits 1..0 of bmAttributes: USB 2.0, table 9-13. */
const transferTypes = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

export interface DeviceParts {
  readonly key: DeviceKey;
  readonly device: NativeDevice;
  readonly texts: DeviceTexts;
  readonly accessible: boolean;
  readonly node: string | undefined;
}

export function isHub({ portNumbers, deviceDescriptor }: NativeDevice): boolean {
  return portNumbers === undefined || deviceDescriptor.bDeviceClass === UsbClass.Hub;
}

/** Descriptors and texts, in our words. Of each interface the first alternate setting: that is the one after a reset. */
export function deviceInfo({ key, device, texts, accessible, node }: DeviceParts): UsbDeviceInfo {
  const { idVendor, idProduct, bcdDevice } = device.deviceDescriptor;
  const { manufacturer, product, serial } = texts;
  return {
    key,
    vendorId: idVendor,
    productId: idProduct,
    deviceVersion: bcdDevice,
    ...(manufacturer !== undefined && { manufacturer }),
    ...(product !== undefined && { product }),
    ...(serial !== undefined && { serial }),
    portPath: portPathOf(device),
    accessible,
    ...(node !== undefined && { node }),
    interfaces: (device.configDescriptor?.interfaces ?? []).map(([descriptor]) => ({
      number: descriptor.bInterfaceNumber,
      classCode: descriptor.bInterfaceClass,
      subclassCode: descriptor.bInterfaceSubClass,
      protocolCode: descriptor.bInterfaceProtocol,
      ...texts.interfaces.get(descriptor.bInterfaceNumber),
      endpoints: descriptor.endpoints.map(({ bEndpointAddress, bmAttributes, wMaxPacketSize }): UsbEndpointInfo => ({
        address: bEndpointAddress,
        transferType: transferTypes[bmAttributes & 3],
        maxPacketSizeBytes: wMaxPacketSize & 0x7ff, // above: packets in a microframe, USB 2.0, table 9-13
      })),
    })),
  };
}
