// Which interfaces of a device speak CMSIS-DAP, as far as descriptors tell. DAP_Info confirms it when it is opened.

import { knownProbe } from '../../usb/probe-table.js';
import { ENDPOINT_IN, UsbClass, type UsbDeviceInfo, type UsbInterfaceInfo } from '../../usb/usb-bus.js';
import type { BulkEndpoints } from './bulk-pipe.js';
import type { HidReports } from './hid-pipe.js';
import { quirksOf } from './quirks.js';

export type DapInterface =
  | { readonly version: 'v2'; readonly number: number; readonly endpoints: BulkEndpoints }
  | { readonly version: 'v1'; readonly number: number; readonly reports: HidReports };

/** The interfaces to try, best first, and how sure we are. */
export interface DapInterfaces {
  readonly candidates: readonly DapInterface[];
  readonly evidence: 'interface-name' | 'product-name' | 'known-id';
}

/** "CMSIS-DAP", but also WCH-Link's "CMSIS_DAP" and "CMSIS DAP" with a lost hyphen. */
const NAME = /CMSIS.DAP/i;

/** @returns undefined for a device that is none of ours, or has nothing we can use */
export function findDapInterfaces(device: UsbDeviceInfo): DapInterfaces | undefined {
  const isNamed = (name: string | undefined): boolean => NAME.test(name ?? '');
  const named = device.interfaces.filter(({ name }) => isNamed(name));
  const evidence =
    named.length > 0
      ? 'interface-name'
      : isNamed(device.product)
        ? 'product-name'
        : knownProbe(device)?.support.kind === 'served'
          ? 'known-id'
          : undefined;
  if (!evidence) return undefined;

  const bulk = choose(device, named, bulkInterface);
  const hid = choose(device, named, (info) => hidInterface(info, quirksOf(device).reportSizeBytes));
  const candidates = [
    // Without a name, two vendor-class bulk pairs are two guesses, and one of them belongs to something else.
    ...(bulk && (bulk.isNamed || bulk.count === 1) ? [bulk.interface] : []),
    // Several HID interfaces are usual, and the first is the probe (LPC-Link2, MCU-Link, KitProg3). Beside a named bulk
    // interface, an unnamed HID one is a guess again, unless it is the only one of a device named so.
    ...(hid && (hid.isNamed || named.length === 0 || (hid.count === 1 && isNamed(device.product)))
      ? [hid.interface]
      : []),
  ];
  return candidates.length > 0 ? { candidates, evidence } : undefined;
}

/** The named interface of a kind, else the lowest, and how many there are. */
function choose(
  { interfaces }: UsbDeviceInfo,
  named: readonly UsbInterfaceInfo[],
  recognise: (info: UsbInterfaceInfo, isNamed: boolean) => DapInterface | undefined,
): { readonly interface: DapInterface; readonly isNamed: boolean; readonly count: number } | undefined {
  const fitting = [...interfaces]
    .map((info) => ({ isNamed: named.includes(info), dap: recognise(info, named.includes(info)) }))
    .flatMap(({ isNamed, dap }) => (dap ? [{ isNamed, interface: dap }] : []))
    .sort((a, b) => Number(b.isNamed) - Number(a.isNamed) || a.interface.number - b.interface.number);
  const best = fitting.at(0);
  return best && { ...best, count: fitting.length };
}

/** Class 0xFF/0/0 with bulk OUT, bulk IN and perhaps bulk IN for SWO, in that order (dap_firmware, USB bulk endpoints). */
function bulkInterface(info: UsbInterfaceInfo, isNamed: boolean): DapInterface | undefined {
  // KitProg3 has class 0; with the name we take it.
  if (info.classCode !== UsbClass.Vendor && !(isNamed && info.classCode === 0)) return undefined;
  const [out, answer, swo] = info.endpoints;
  if (info.endpoints.length < 2 || out.transferType !== 'bulk' || answer.transferType !== 'bulk') return undefined;
  if (isInput(out.address) || !isInput(answer.address)) return undefined;
  const hasSwo = info.endpoints.length > 2 && swo.transferType === 'bulk' && isInput(swo.address);
  return { version: 'v2', number: info.number, endpoints: { out, in: answer, swo: hasSwo ? swo : undefined } };
}

function hidInterface(info: UsbInterfaceInfo, reportSizeBytes: number | undefined): DapInterface | undefined {
  if (info.classCode !== UsbClass.Hid) return undefined;
  const input = info.endpoints.find(({ address, transferType }) => transferType === 'interrupt' && isInput(address));
  const output = info.endpoints.find(({ address, transferType }) => transferType === 'interrupt' && !isInput(address));
  if (!input) return undefined;
  return {
    version: 'v1',
    number: info.number,
    reports: {
      inEndpoint: input.address,
      outEndpoint: output?.address,
      inputSizeBytes: info.hidReports?.inputSizeBytes ?? reportSizeBytes ?? input.maxPacketSizeBytes,
      outputSizeBytes: info.hidReports?.outputSizeBytes ?? reportSizeBytes ?? (output ?? input).maxPacketSizeBytes,
    },
  };
}

function isInput(address: number): boolean {
  return (address & ENDPOINT_IN) !== 0;
}
