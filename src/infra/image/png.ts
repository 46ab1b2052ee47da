import { crc32 } from 'node:zlib'

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Of a chunk beside its data: length, type and checksum. */
export const PNG_FRAME_BYTES = 12

export interface PngChunk {
  type: string
  at: number
  data: Buffer
}

/** The chunks of a PNG as far as they are whole; checksums are not looked at. */
export function* pngChunks(bytes: Buffer): Generator<PngChunk> {
  let at = PNG_SIGNATURE.length
  while (at + PNG_FRAME_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at)
    if (at + PNG_FRAME_BYTES + length > bytes.length) return
    const type = bytes.toString('latin1', at + 4, at + 8)
    yield { type, at, data: bytes.subarray(at + 8, at + 8 + length) }
    at += PNG_FRAME_BYTES + length
  }
}

export const isPng = (bytes: Buffer): boolean => bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)

/** Whether a chunk's checksum is that of its type and data. */
export function isIntact(bytes: Buffer, { at, data }: PngChunk): boolean {
  const end = at + 8 + data.length
  return crc32(bytes.subarray(at + 4, end)) === bytes.readUInt32BE(end)
}

/** A chunk as it stands in a file. */
export function writePngChunk(type: string, data: Buffer): Buffer {
  const written = Buffer.alloc(PNG_FRAME_BYTES + data.length)
  written.writeUInt32BE(data.length, 0)
  written.write(type, 4, 'latin1')
  data.copy(written, 8)
  written.writeUInt32BE(crc32(written.subarray(4, 8 + data.length)), 8 + data.length)
  return written
}
