// Reads the stamp of stamp.py in a browser.
// rgba: what getImageData(0, 0, width, height).data of a canvas with the picture gives.
// Returns { number, clockUs, action }, null where there is no stamp or it is damaged.
function readStamp(rgba, width, height) {
  const bands = [[32, 3, 30], [16, 6, 16]];
  if (width < 256 || height < 128) bands.reverse();
  for (const [columns, rows, ofHeight] of bands) {
    const bytes = new Uint8Array(12);
    for (let bit = 0; bit < 96; bit++) {
      let sum = 0;
      for (const v of [0.3, 0.5, 0.7]) for (const u of [0.3, 0.5, 0.7]) {
        const y = Math.floor((Math.floor(bit / columns) + v) * height / ofHeight);
        const x = Math.floor((bit % columns + u) * width / columns);
        const at = 4 * (y * width + x);
        sum += 0.299 * rgba[at] + 0.587 * rgba[at + 1] + 0.114 * rgba[at + 2];
      }
      if (sum / 9 > 128) bytes[bit >> 3] |= 128 >> (bit & 7);
    }
    let crc = -1;
    for (const byte of bytes.subarray(0, 9)) {
      crc ^= byte;
      for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
    }
    const word = new DataView(bytes.buffer);
    if ((~crc & 0xffffff) !== (word.getUint32(8) & 0xffffff)) continue;
    return { number: word.getUint32(0) >>> 8, clockUs: word.getUint32(3), action: word.getUint16(7) };
  }
  return null;
}
