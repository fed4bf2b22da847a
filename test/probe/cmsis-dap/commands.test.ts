// Bytes from the CMSIS-DAP 2.1.2 documentation, section "CMSIS-DAP Commands": layouts as given there for each command.

import assert from 'node:assert/strict';
import { TransferError, TransferFaultError, TransferTimeoutError } from '../../../src/dap/errors.js';
import { bitString } from '../../../src/dap/bit-string.js';
import { ProbeError } from '../../../src/probe/errors.js';
import { UnsupportedError } from '../../../src/base/errors.js';
import { MalformedReplyError, type Command } from '../../../src/probe/cmsis-dap/commands/command.js';
import { connect } from '../../../src/probe/cmsis-dap/commands/connect.js';
import { disconnect } from '../../../src/probe/cmsis-dap/commands/disconnect.js';
import { executeCommands } from '../../../src/probe/cmsis-dap/commands/execute-commands.js';
import { hostStatus } from '../../../src/probe/cmsis-dap/commands/host-status.js';
import { Capability, InfoId, infoNumber, infoText } from '../../../src/probe/cmsis-dap/commands/info.js';
import { jtagConfigure } from '../../../src/probe/cmsis-dap/commands/jtag-configure.js';
import { jtagSequence } from '../../../src/probe/cmsis-dap/commands/jtag-sequence.js';
import { resetTarget } from '../../../src/probe/cmsis-dap/commands/reset-target.js';
import { swdConfigure } from '../../../src/probe/cmsis-dap/commands/swd-configure.js';
import { swdSequence, swdSequencePackets } from '../../../src/probe/cmsis-dap/commands/swd-sequence.js';
import { swjClock } from '../../../src/probe/cmsis-dap/commands/swj-clock.js';
import { Pin, swjPins } from '../../../src/probe/cmsis-dap/commands/swj-pins.js';
import { swjSequence } from '../../../src/probe/cmsis-dap/commands/swj-sequence.js';
import { swoBaudrate } from '../../../src/probe/cmsis-dap/commands/swo-baudrate.js';
import { swoControl } from '../../../src/probe/cmsis-dap/commands/swo-control.js';
import { swoData } from '../../../src/probe/cmsis-dap/commands/swo-data.js';
import { swoMode, SwoMode } from '../../../src/probe/cmsis-dap/commands/swo-mode.js';
import { swoTransport, SwoTransport } from '../../../src/probe/cmsis-dap/commands/swo-transport.js';
import { Transfer } from '../../../src/probe/cmsis-dap/commands/transfer.js';
import {
  maxBlockReads,
  maxBlockWrites,
  readBlock,
  writeBlock,
} from '../../../src/probe/cmsis-dap/commands/transfer-block.js';
import { transferConfigure } from '../../../src/probe/cmsis-dap/commands/transfer-configure.js';
import { writeAbort } from '../../../src/probe/cmsis-dap/commands/write-abort.js';
import { fromHex, toHex } from '../scripted-usb.js';

function encoded(command: Command<unknown>): string {
  const packet = new DataView(new ArrayBuffer(1024));
  return toHex(new Uint8Array(packet.buffer, 0, command.encode(packet)));
}

function decoded<T>(command: Command<T>, hex: string): T {
  const bytes = fromHex(hex);
  return command.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

describe('CMSIS-DAP commands on the wire', () => {
  const commands: [string, Command<unknown>, string][] = [
    ['DAP_Info asks for an id', infoNumber(InfoId.Capabilities), '00f0'],
    ['DAP_HostStatus says that nothing is connected', hostStatus, '010000'],
    ['DAP_Connect names SWD as port 1', connect('SWD'), '0201'],
    ['DAP_Connect names JTAG as port 2', connect('JTAG'), '0202'],
    ['DAP_Disconnect is its id', disconnect, '03'],
    [
      'DAP_TransferConfigure has idle cycles, and two retry counts low byte first',
      transferConfigure({ idleCycles: 2, waitRetries: 0x0123 }),
      '040223010000',
    ],
    ['DAP_WriteABORT has a DAP index and a word', writeAbort(0x8000001e), '08001e000080'],
    ['DAP_ResetTarget is its id', resetTarget, '0a'],
    ['DAP_SWJ_Pins has output, select and a wait of 0', swjPins({ output: 0, select: Pin.NReset }), '10008000000000'],
    ['DAP_SWJ_Clock has a word in Hz', swjClock(1_000_000), '1140420f00'],
    [
      'DAP_SWJ_Sequence has its length and bits, least significant first',
      swjSequence(bitString(16, 0xe79e)),
      '12109ee7',
    ],
    ['DAP_SWJ_Sequence codes 256 bits as 0', swjSequence(bitString(256, 1)), `120001${'00'.repeat(31)}`],
    ['DAP_SWD_Configure asks for one turnaround clock', swdConfigure, '1300'],
    ['DAP_JTAG_Configure has a count and IR lengths', jtagConfigure([4]), '150104'],
    [
      'DAP_JTAG_Sequence has count, TCK cycles with TMS and TDO capture, and TDI',
      jtagSequence({ tms: 1, readTdo: true, tdi: bitString(6, 63) }),
      '1401c63f',
    ],
    [
      'DAP_JTAG_Sequence codes 64 clocks as 0',
      jtagSequence({ tms: 0, readTdo: false, tdi: bitString(64, 1) }),
      '1401000100000000000000',
    ],
    ['DAP_SWO_Transport', swoTransport(SwoTransport.Endpoint), '1702'],
    ['DAP_SWO_Mode', swoMode(SwoMode.Manchester), '1802'],
    ['DAP_SWO_Baudrate has a word', swoBaudrate(115200), '1900c20100'],
    ['DAP_SWO_Control', swoControl('start'), '1a01'],
    ['DAP_SWO_Data has a short', swoData(508), '1cfc01'],
    [
      'DAP_ExecuteCommands has a count and whole commands',
      executeCommands([connect('SWD'), swdConfigure]),
      '7f0202011300',
    ],
    [
      'DAP_SWD_Sequence has a count, and for each piece clocks with bit 7 for input, and data for output',
      swdSequence([
        { direction: 'output', sequence: bitString(8, 0x99) },
        { direction: 'input', lengthBits: 5 },
        { direction: 'output', sequence: bitString(33, 0x1_0100_2927n) },
      ]),
      '1d0308998521272900 0101'.replace(' ', ''),
    ],
  ];
  for (const [what, command, bytes] of commands) {
    it(what, () => {
      const actual = encoded(command);

      assert.equal(actual, bytes);
    });
  }

  it('DAP_Transfer has an index, a count, and requests with data after writes', () => {
    const transfer = new Transfer(64);
    transfer.writeDp(0x08, 0x010000f0); // SELECT: DP write, A3
    transfer.readAp(0x010000fc); // IDR: AP read, A3 and A2
    transfer.writeAp(0x00000004, 0xe000ed00);

    assert.equal(encoded(transfer), '050003 08f0000001 0f 0500ed00e0'.replaceAll(' ', ''));
  });

  it('DAP_TransferBlock has an index, a short count and one request', () => {
    const read = readBlock(new Uint32Array(300), { address: 0x0c, timeoutMs: 1 });
    const write = writeBlock(Uint32Array.of(1, 0xfffffffe), { address: 0x0c, timeoutMs: 1 });

    assert.equal(encoded(read), '06002c010f');
    assert.equal(encoded(write), '060002000d01000000feffffff');
  });
});

describe('the answer to DAP_Info', () => {
  it('gives the capabilities from one byte', () => {
    assert.equal(decoded(infoNumber(InfoId.Capabilities), '0001 13'), 0x13);
  });

  it('gives the capabilities from two bytes, Info1 in the upper one', () => {
    const capabilities = decoded(infoNumber(InfoId.Capabilities), '0002 0101');

    assert.equal(capabilities, Capability.Swd | Capability.UsbComPort);
  });

  it('gives shorts and words low byte first', () => {
    assert.equal(decoded(infoNumber(InfoId.PacketSize), '0002 0002'), 512);
    assert.equal(decoded(infoNumber(InfoId.SwoBufferSize), '0004 00100080'), 0x80001000);
  });

  it('is undefined where the probe has no information', () => {
    assert.equal(decoded(infoNumber(InfoId.PacketCount), '0000'), undefined);
    assert.equal(decoded(infoText(InfoId.Vendor), '0000'), undefined);
    assert.equal(decoded(infoText(InfoId.Vendor), '000100'), undefined);
  });

  it('pitfall 15: gives a text without terminator, with a wrong length, or with broken UTF-8', () => {
    assert.equal(decoded(infoText(InfoId.Product), '0003 414243'), 'ABC');
    assert.equal(decoded(infoText(InfoId.Product), '0004 41420000'), 'AB');
    assert.equal(decoded(infoText(InfoId.Product), '00ff 4142'), 'AB');
    assert.equal(decoded(infoText(InfoId.Product), '0003 41ff00'), 'A\ufffd');
  });

  it('is refused when it is cut short', () => {
    assert.throws(() => decoded(infoNumber(InfoId.PacketSize), '000200'), MalformedReplyError);
    assert.throws(() => decoded(infoNumber(InfoId.PacketSize), '00'), MalformedReplyError);
  });
});

describe('the answer to a command with a status', () => {
  it('is accepted if it is DAP_OK', () => {
    assert.doesNotThrow(() => decoded(swjClock(1), '1100'));
  });

  it('is an error otherwise, naming the command', () => {
    assert.throws(() => decoded(swjClock(1), '11ff'), /DAP_SWJ_Clock \(status 0xff\)/);
  });
});

describe('the answer to DAP_Connect', () => {
  it('is an error when the port is 0', () => {
    assert.throws(() => decoded(connect('SWD'), '0200'), ProbeError);
    assert.throws(() => decoded(connect('SWD'), '0202'), ProbeError);
    assert.doesNotThrow(() => decoded(connect('JTAG'), '0202'));
  });
});

describe('the answer to a sequence', () => {
  it('gives the bits of the SWD input pieces in order, cut to their length', () => {
    const command = swdSequence([
      { direction: 'input', lengthBits: 3 },
      { direction: 'output', sequence: bitString(8, 0) },
      { direction: 'input', lengthBits: 33 },
    ]);

    const captured = decoded(command, '1d00 f9 7724b10bff');

    assert.deepEqual(captured, [bitString(3, 1), bitString(33, 0x1_0bb1_2477n)]);
  });

  it('gives the TDO bits', () => {
    const command = jtagSequence({ tms: 0, readTdo: true, tdi: bitString(32, 0) });

    assert.deepEqual(decoded(command, '1400 7704a04b'), bitString(32, 0x4ba00477));
  });

  it('is refused when bits are missing', () => {
    const command = swdSequence([{ direction: 'input', lengthBits: 33 }]);

    assert.throws(() => decoded(command, '1d00 00000000'), MalformedReplyError);
  });

  it('splits SWD pieces by what fits into a packet, both ways', () => {
    const pieces = Array.from({ length: 10 }, () => ({ direction: 'input', lengthBits: 64 }) as const);

    const packets = swdSequencePackets(pieces, 64);

    assert.deepEqual(
      packets.map((packet) => packet.length),
      [7, 3], // 2 + 7 * 8 = 58 bytes of answer
    );
  });
});

describe('the answer to DAP_SWO_Data', () => {
  it('gives the bytes, and whether some were lost', () => {
    const { bytes, isDamaged } = decoded(swoData(60), '1c 81 0300 414243');

    assert.equal(toHex(bytes), '414243');
    assert.equal(isDamaged, true);
  });
});

describe('the answer to DAP_ExecuteCommands', () => {
  const command = executeCommands([connect('SWD'), swjClock(1)]);

  it('is taken apart', () => {
    assert.doesNotThrow(() => decoded(command, '7f02 0201 1100'));
  });

  it('throws the error of the command that failed', () => {
    assert.throws(() => decoded(command, '7f02 0200 1100'), /SWD/);
    assert.throws(() => decoded(command, '7f02 0201 ff'), UnsupportedError);
  });

  it('is refused where it does not fit the question', () => {
    assert.throws(() => decoded(command, '7f01 0201'), MalformedReplyError);
    assert.throws(() => decoded(command, '7f02 0201 1300'), MalformedReplyError);
  });
});

describe('the answer to DAP_Transfer', () => {
  function transfer(): Transfer {
    const made = new Transfer(64);
    made.readDp(0x00);
    made.writeDp(0x08, 0);
    made.readAp(0x0c);
    return made;
  }

  it('gives the words that were read', () => {
    const words = decoded(transfer(), '05 03 01 7724b10b 78563412');

    assert.deepEqual([...words], [0x0bb12477, 0x12345678]);
  });

  it('names the access that failed, and its place', () => {
    assert.throws(
      () => decoded(transfer(), '05 02 04 7724b10b'),
      (error: unknown) => {
        assert.ok(error instanceof TransferFaultError);
        assert.deepEqual(error.access, { port: 'AP', address: 0x0c, refusedAt: 3 });
        return true;
      },
    );
    assert.throws(() => decoded(transfer(), '05 00 02'), TransferTimeoutError);
    assert.throws(() => decoded(transfer(), '05 00 07'), /no ACK/);
    assert.throws(() => decoded(transfer(), '05 00 09'), TransferError);
  });

  it('names the last access when the probe found the error after it', () => {
    assert.throws(() => decoded(transfer(), '05 03 04 7724b10b'), { access: { port: 'AP', address: 0x0c } });
  });

  it('pitfall 7: fewer transfers than asked for with ACK OK are an error', () => {
    assert.throws(() => decoded(transfer(), '05 02 01 7724b10b'), /2 of 3 transfers/);
    const block = readBlock(new Uint32Array(2), { address: 0x0c, timeoutMs: 1 });
    assert.throws(() => decoded(block, '06 0100 01 78563412'), /1 of 2 transfers/);
  });

  it('is refused when words are missing, or more was done than asked for', () => {
    assert.throws(() => decoded(transfer(), '05 03 01 7724b10b'), MalformedReplyError);
    assert.throws(() => decoded(transfer(), '05 04 01 7724b10b 78563412'), MalformedReplyError);
  });
});

describe('the room in a packet', () => {
  it('is counted for command and answer of DAP_Transfer', () => {
    const transfer = new Transfer(64);
    assert.equal(transfer.readsLeft, 15); // 3 + 4 * 15 = 63 bytes of answer
    assert.equal(transfer.writesLeft, 12); // 3 + 5 * 12 = 63 bytes of command

    transfer.writeDp(0x08, 0);
    assert.equal(transfer.readsLeft, 15);
    assert.equal(transfer.writesLeft, 11);
  });

  it('is never more than 255 transfers', () => {
    assert.equal(new Transfer(4096).readsLeft, 255);
    assert.equal(new Transfer(4096).writesLeft, 255);
  });

  it('is counted for DAP_TransferBlock', () => {
    assert.equal(maxBlockReads(64), 15);
    assert.equal(maxBlockWrites(64), 14);
    assert.equal(maxBlockReads(512), 127);
    assert.equal(maxBlockWrites(512), 126);
  });
});
