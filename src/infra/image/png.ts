const SIGNATURE_BYTES = 8
/** Of a chunk beside its data: length, type and checksum. */
const FRAME_BYTES = 12

/** The chunks of a PNG as far as they are whole; checksums are not looked at. */
export function* pngChunks(bytes: Buffer): Generator<{ type: string; at: number; data: Buffer }> {
  let at = SIGNATURE_BYTES
  while (at + FRAME_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at)
    if (at + FRAME_BYTES + length > bytes.length) return
    const type = bytes.toString('latin1', at + 4, at + 8)
    yield { type, at, data: bytes.subarray(at + 8, at + 8 + length) }
    at += FRAME_BYTES + length
  }
}
