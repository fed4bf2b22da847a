// The bytes are those of usbredir's docs/usb-redirection-protocol.md and usbredirproto.h, laid out by hand.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../src/base/clock.js';
import { Disposer } from '../../../src/base/disposer.js';
import { ProbeEndpoint } from '../../../src/sim/probe-descriptor.js';
import { simCmsisDap, type SimProbeOptions } from '../../../src/sim/sim-probe.js';
import { RedirectedDevice } from './redirected-device.js';

const HELLO = 0;
const DEVICE_CONNECT = 1;
const INTERFACE_INFO = 4;
const EP_INFO = 5;
const CANCEL = 21;
const CONTROL = 100;
const BULK = 101;
const START_INTERRUPT = 15;
const INTERRUPT_STATUS = 17;
const INTERRUPT = 103;
const HID_IN = 0x81;
const BULK_STALL = 4;
const BULK_CANCELLED = 1;
const BULK_BABBLE = 6;
/** connect_device_version, ep_info_max_packet_size, 64bits_ids, 32bits_bulk_length */
const ALL_CAPABILITIES = 0b0111_0010;

/** QEMU's side, as far as these tests need it. */
class Host {
  #received = Buffer.alloc(0);
  #more = (): void => undefined;
  headerBytes = 12;

  constructor(private readonly socket: net.Socket) {
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#more();
    });
  }

  send(type: number, id: number, body: Uint8Array): void {
    const header = Buffer.alloc(this.headerBytes);
    header.writeUInt32LE(type, 0);
    header.writeUInt32LE(body.length, 4);
    header.writeUInt32LE(id, 8);
    this.socket.write(Buffer.concat([header, body]));
  }

  async receive(): Promise<{ type: number; id: number; body: Buffer }> {
    for (;;) {
      const end = this.headerBytes + (this.#received.length >= 8 ? this.#received.readUInt32LE(4) : Infinity);
      if (this.#received.length >= end) {
        const message = this.#received.subarray(0, end);
        this.#received = this.#received.subarray(end);
        const body = message.subarray(this.headerBytes);
        return { type: message.readUInt32LE(0), id: message.readUInt32LE(8), body };
      }
      await new Promise<void>((resolve) => (this.#more = resolve));
    }
  }

  hello(capabilities: number): void {
    const body = Buffer.alloc(68);
    body.write('qemu');
    body.writeUInt32LE(capabilities, 64);
    this.send(HELLO, 0, body);
  }

  bulk(id: number, endpoint: number, length: number, data: readonly number[] = []): void {
    this.send(BULK, id, Buffer.of(endpoint, 0, length & 0xff, length >> 8, 0, 0, 0, 0, 0, 0, ...data));
  }
}

describe('an emulated probe behind the usbredir protocol', () => {
  let undo: Disposer;
  beforeEach(() => (undo = new Disposer()));
  afterEach(() => undo[Symbol.asyncDispose]());

  /** Plugs a probe with packets of 512 bytes, v2 unless told otherwise, into a host that announces `capabilities`. */
  async function plug(
    capabilities: number,
    options: Partial<SimProbeOptions> = {},
  ): Promise<{ host: Host; plugged: RedirectedDevice; socket: net.Socket }> {
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-redir-'));
    undo.defer(() => rmSync(folder, { recursive: true }));
    const server = net.createServer().listen(path.join(folder, 'usb'));
    undo.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const connected = once(server, 'connection') as Promise<[net.Socket]>;
    const probe = simCmsisDap({ uid: 'R1', clock: systemClock, transports: 'v2', ...options });
    const plugged = undo.use(await RedirectedDevice.plug(probe, path.join(folder, 'usb'), '1-1'));
    const [socket] = await connected;
    undo.defer(() => void socket.destroy());
    const host = new Host(socket);
    host.hello(capabilities);
    return { host, plugged, socket };
  }

  /** As `plug`, with everything that is said before the first packet left out. */
  async function plugAndGreet(options?: Partial<SimProbeOptions>): ReturnType<typeof plug> {
    const rig = await plug(ALL_CAPABILITIES, options);
    await rig.host.receive();
    rig.host.headerBytes = 16;
    for (let i = 0; i < 3; i++) await rig.host.receive();
    return rig;
  }

  it('introduces itself in the layouts that both sides know', async () => {
    const { host } = await plug(ALL_CAPABILITIES);

    const hello = await host.receive();
    host.headerBytes = 16;
    const [endpoints, interfaces, connect] = [await host.receive(), await host.receive(), await host.receive()];

    assert.equal(hello.type, HELLO);
    assert.equal(hello.body.readUInt32LE(64), ALL_CAPABILITIES);
    assert.equal(endpoints.type, EP_INFO);
    assert.equal(endpoints.body.length, 3 * 32 + 2 * 32);
    assert.deepEqual(
      [endpoints.body[2], endpoints.body[16 + 2], endpoints.body[16 + 3], endpoints.body[4]],
      [2, 2, 2, 255],
    );
    assert.equal(endpoints.body.readUInt16LE(3 * 32 + 2 * (16 + 2)), 512);
    assert.equal(interfaces.type, INTERFACE_INFO);
    assert.deepEqual([interfaces.body.readUInt32LE(0), interfaces.body[4 + 32]], [1, 0xff]);
    assert.equal(connect.type, DEVICE_CONNECT);
    assert.deepEqual([...connect.body], [2, 0, 0, 0, 0x28, 0x0d, 0x04, 0x02, 0x00, 0x10]); // high speed
  });

  it('uses the old layouts for a host that knows no others', async () => {
    const { host } = await plug(0);

    await host.receive();
    const [endpoints, , connect] = [await host.receive(), await host.receive(), await host.receive()];

    assert.equal(endpoints.body.length, 3 * 32);
    assert.equal(connect.body.length, 8);
  });

  it('answers for its descriptors on endpoint 0, and stalls what it does not know', async () => {
    const { host } = await plugAndGreet();

    host.send(CONTROL, 7, Buffer.of(0x80, 6, 0x80, 0, 0x03, 0x03, 0x09, 0x04, 0xff, 0x00)); // string 3: the serial number
    const serial = await host.receive();
    host.send(CONTROL, 8, Buffer.of(0x80, 6, 0x80, 0, 0x00, 0x06, 0x00, 0x00, 0x0a, 0x00)); // device qualifier
    const qualifier = await host.receive();

    assert.deepEqual([...serial.body.subarray(10)], [6, 3, 0x52, 0, 0x31, 0]); // "R1"
    assert.deepEqual([serial.id, serial.body[3], serial.body.readUInt16LE(8)], [7, 0, 6]);
    assert.deepEqual([qualifier.id, qualifier.body[3]], [8, BULK_STALL]);
  });

  it('runs commands of CMSIS-DAP, and counts their packets', async () => {
    const { host, plugged } = await plugAndGreet();

    host.bulk(1, 0x82, 512);
    host.bulk(2, 0x02, 2, [0x00, 0xfe]); // DAP_Info: packet count
    const answers = [await host.receive(), await host.receive()].sort((a, b) => a.id - b.id);

    assert.deepEqual([...answers[0].body], [0x82, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x01, 0x04]);
    assert.deepEqual([...answers[1].body], [0x02, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(plugged.stats(ProbeEndpoint.BulkOut).packets, 1);
    assert.equal(plugged.stats(ProbeEndpoint.BulkIn).packets, 1);
  });

  it('gives up a packet that is cancelled, and says so', async () => {
    const { host, plugged } = await plugAndGreet();
    host.bulk(5, 0x82, 512);

    host.send(CANCEL, 5, Buffer.alloc(0));
    const { id, body } = await host.receive();

    assert.deepEqual([id, body[1]], [5, BULK_CANCELLED]);
    assert.equal(plugged.inFlight(ProbeEndpoint.BulkIn), 0);
  });

  it('stays halted until the host clears it', async () => {
    const { host, plugged } = await plugAndGreet();
    plugged.stall(ProbeEndpoint.BulkOut);

    host.bulk(1, 0x02, 2, [0x00, 0xfe]);
    assert.equal((await host.receive()).body[1], BULK_STALL);
    host.send(CONTROL, 2, Buffer.of(0x00, 1, 0x02, 0, 0, 0, 0x02, 0, 0, 0)); // CLEAR_FEATURE(ENDPOINT_HALT)
    assert.equal((await host.receive()).body[3], 0);
    host.bulk(3, 0x02, 2, [0x00, 0xfe]);

    assert.equal((await host.receive()).body[1], 0);
  });

  it('babbles once when it is told to', async () => {
    const { host, plugged } = await plugAndGreet();
    plugged.babble(ProbeEndpoint.BulkIn);

    host.bulk(1, 0x82, 512);

    assert.equal((await host.receive()).body[1], BULK_BABBLE);
  });

  it('tells what is wrong with an interrupt endpoint at once, and is listened to on', async () => {
    const { host, plugged } = await plugAndGreet({ transports: 'v1' });
    const status = async (): Promise<number[]> => {
      const { type, body } = await host.receive();
      return [type, ...body.subarray(0, 2)];
    };
    host.send(START_INTERRUPT, 1, Buffer.of(HID_IN));
    assert.deepEqual(await status(), [INTERRUPT_STATUS, 0, HID_IN]);

    plugged.babble(HID_IN);
    assert.deepEqual(await status(), [INTERRUPT, HID_IN, BULK_BABBLE]);
    plugged.stall(HID_IN);
    assert.deepEqual(await status(), [INTERRUPT, HID_IN, BULK_STALL]);
    host.send(CONTROL, 2, Buffer.of(0x00, 1, 0x02, 0, 0, 0, HID_IN, 0, 0, 0)); // CLEAR_FEATURE(ENDPOINT_HALT)
    assert.equal((await status())[0], CONTROL);
    plugged.send(HID_IN, Uint8Array.of(0x05));
    const { body } = await host.receive();

    assert.deepEqual([...body], [HID_IN, 0, 1, 0, 0x05]);
  });

  it('takes reports over endpoint 0 when it has no OUT endpoint for them, in its own time', async () => {
    const { host, plugged } = await plugAndGreet({ transports: 'v1', packetSizeBytes: 64, quirks: { noHidOut: true } });
    // SET_REPORT, output report 0, to interface 0: DAP_Info, packet count
    const request = Buffer.alloc(10 + 64);
    request.set([0x00, 0x09, 0x21, 0, 0x00, 0x02, 0, 0, 64, 0, 0x00, 0xfe]);
    host.send(START_INTERRUPT, 1, Buffer.of(HID_IN));
    await host.receive();

    const refusing = plugged.refuse(ProbeEndpoint.Control);
    host.send(CONTROL, 2, request);
    host.send(CANCEL, 2, Buffer.alloc(0));
    const given = await host.receive();
    host.send(CONTROL, 3, request);
    refusing[Symbol.dispose]();
    const [answer, taken] = [await host.receive(), await host.receive()].sort((a, b) => b.type - a.type);

    assert.deepEqual([given.id, given.body[3]], [2, BULK_CANCELLED]);
    assert.deepEqual([taken.id, taken.body[3]], [3, 0]);
    assert.deepEqual([answer.type, ...answer.body.subarray(4, 7)], [INTERRUPT, 0x00, 0x01, 0x04]);
  });

  it('is unplugged by closing the connection, from either side', async () => {
    const { plugged, socket } = await plugAndGreet();

    plugged[Symbol.dispose]();
    await once(socket, 'close');

    assert.match(String(plugged.trace), /plugged in[\s\S]*unplugged/);
  });
});
