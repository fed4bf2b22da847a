/** The program in flash when the board is new: counts in r0 and r1 for ever; every exception loops. */
export function resetImage(): Uint8Array {
  const image = new Uint8Array(0x62).fill(0xff);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true); // initial SP
  view.setUint32(4, 0x08000041, true);
  for (let exception = 2; exception < 16; exception++) view.setUint32(4 * exception, 0x08000061, true);
  // movs r0, #0; loop: adds r0, #1; adds r1, #1; mov r1, r0; b loop; nop x 3
  const code = [0x2000, 0x3001, 0x3101, 0x4601, 0xe7fb, 0xbf00, 0xbf00, 0xbf00];
  code.forEach((halfword, i) => view.setUint16(0x40 + 2 * i, halfword, true));
  view.setUint16(0x60, 0xe7fe, true); // b .
  return image;
}
