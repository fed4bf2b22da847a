import { DaemonProcess } from '../support/daemon-process.js';
import { recordings, replayRecording } from '../support/replay.js';

describe('a recorded conversation of the stock client', function () {
  this.timeout(60_000);
  let daemon: DaemonProcess;

  before(async () => {
    daemon = await DaemonProcess.serving(recordings.length); // a board of its own for each
  });
  after(() => daemon[Symbol.asyncDispose]());

  for (const [i, { name }] of recordings.entries()) {
    it(`gets the recorded replies: ${name}`, () => replayRecording(name, daemon.ports[i]));
  }
});
