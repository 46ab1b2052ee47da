/** JPEGs put together segment by segment, for what no encoder at hand writes. */

const SOI = Buffer.of(0xff, 0xd8)
const EOI = Buffer.of(0xff, 0xd9)

const MARKER = { rst0: 0xd0, sof0: 0xc0, dht: 0xc4, sos: 0xda, dqt: 0xdb, dri: 0xdd, app1: 0xe1, app2: 0xe2 }

export interface BlocksOptions {
  /** In blocks of 8 × 8 pixels. */
  columns: number
  rows: number
  /** In blocks; none by default. */
  restartInterval?: number
  /** The last three bytes of the scan's header: first and last coefficient, and their approximation. */
  spectrum?: readonly [number, number, number]
}

/** Bits that each block of {@link greyBlocks} takes: its difference to the one before it (none), and its end. */
export const BLOCK_BITS = 5

/** A baseline JPEG in the middle grey, of whose data every block takes {@link BLOCK_BITS}. */
export function greyBlocks({
  columns,
  rows,
  restartInterval = 0,
  spectrum = [0, 63, 0],
}: BlocksOptions): Buffer {
  const total = columns * rows
  const intervals: Buffer[] = []
  for (let first = 0; first < total; first += restartInterval || total) {
    if (first > 0) intervals.push(Buffer.of(0xff, MARKER.rst0 + ((first / restartInterval - 1) & 7)))
    const bits = BLOCK_BITS * Math.min(restartInterval || total, total - first)
    const data = Buffer.alloc(Math.ceil(bits / 8))
    // What is left of the last byte is filled with ones.
    if (bits % 8 > 0) data[data.length - 1]! |= 0xff >> (bits % 8)
    intervals.push(data)
  }
  // Twelve codes of four bits, the first of which says "no difference"; one code of one bit, "end of block".
  const codes = (kind: number, length: number, count: number) =>
    Buffer.of(
      kind,
      ...Array.from({ length: 16 }, (_, i) => (i + 1 === length ? count : 0)),
      ...Array(count).keys(),
    )
  return Buffer.concat([
    SOI,
    segment(MARKER.dqt, Buffer.alloc(65, 1).fill(0, 0, 1)),
    segment(MARKER.sof0, Buffer.of(8, ...u16(8 * rows), ...u16(8 * columns), 1, 1, 0x11, 0)),
    segment(MARKER.dht, codes(0x00, 4, 12)),
    segment(MARKER.dht, codes(0x10, 1, 1)),
    ...(restartInterval ? [segment(MARKER.dri, Buffer.of(...u16(restartInterval)))] : []),
    segment(MARKER.sos, Buffer.of(1, 1, 0x00, ...spectrum)),
    ...intervals,
    EOI,
  ])
}

/** Writes another number into the restart marker at this position, counted from 0. */
export function renumbered(jpeg: Buffer, at: number, number: number): Buffer {
  const bytes = Buffer.from(jpeg)
  let position = bytes.indexOf(Buffer.of(0xff, MARKER.sos))
  for (let seen = -1; seen < at;) {
    position = bytes.indexOf(0xff, position + 1)
    const marker = bytes[position + 1]!
    if (marker >= MARKER.rst0 && marker < MARKER.rst0 + 8) seen += 1
  }
  bytes[position + 1] = MARKER.rst0 + number
  return bytes
}

/** A JPEG whose file ends after this share of it, without an end marker. */
export const cut = (jpeg: Buffer, share: number): Buffer => jpeg.subarray(0, Math.floor(jpeg.length * share))

export const ended = (jpeg: Buffer): Buffer => Buffer.concat([jpeg, EOI])

/** A JPEG with these EXIF bytes, which begin with the TIFF header. */
export function withExifBytes(jpeg: Buffer, tiff: Buffer): Buffer {
  return withSegments(jpeg, segment(MARKER.app1, Buffer.concat([Buffer.from('Exif\0\0'), tiff])))
}

/** A camera's file of two pictures (CIPA DC-007): the second one stands behind the end of the first, which tells where. */
export function multiPicture(first: Buffer, second: Buffer): Buffer {
  const indexed = (bytes: number, secondAt: number) =>
    withSegments(first, mpIndex(bytes, second.length, secondAt))
  const { length } = indexed(0, 0)
  // Offsets count from the index's byte order, which stands behind SOI, the marker, the length and "MPF\0".
  return Buffer.concat([indexed(length, length - 10), second])
}

/** As Android writes it: the gain map is the second picture, and XMP tells what it is. */
export function ultraHdr(base: Buffer, gainMap: Buffer): Buffer {
  const xmp = (body: string) =>
    segment(
      MARKER.app1,
      Buffer.from(
        `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" ${body}/></rdf:RDF></x:xmpmeta>`,
      ),
    )
  return multiPicture(
    withSegments(base, xmp('')),
    withSegments(gainMap, xmp('hdrgm:GainMapMax="2.3" hdrgm:HDRCapacityMax="2.3"')),
  )
}

/** A phone's photo with its film behind it. */
export function motionPhoto(jpeg: Buffer, film: Buffer): Buffer {
  const ftyp = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1')
  const mdat = Buffer.concat([Buffer.alloc(4), Buffer.from('mdat'), film])
  mdat.writeUInt32BE(mdat.length)
  return Buffer.concat([jpeg, ftyp, mdat])
}

function mpIndex(firstBytes: number, secondBytes: number, secondAt: number): Buffer {
  const entry = (tag: number, type: number, count: number, value: Buffer) =>
    Buffer.concat([Buffer.of(...u16(tag), ...u16(type)), u32(count), value])
  const picture = (attribute: number, bytes: number, at: number) =>
    Buffer.concat([u32(attribute), u32(bytes), u32(at), Buffer.alloc(4)])
  const listAt = 8 + 2 + 3 * 12 + 4
  return segment(
    MARKER.app2,
    Buffer.concat([
      Buffer.from('MPF\0MM\0*\0\0\0\x08', 'latin1'),
      Buffer.of(...u16(3)),
      entry(0xb000, 7, 4, Buffer.from('0100')),
      entry(0xb001, 4, 1, u32(2)),
      entry(0xb002, 7, 32, u32(listAt)),
      u32(0),
      picture(0x2003_0000, firstBytes, 0),
      picture(0x0002_0002, secondBytes, secondAt),
    ]),
  )
}

/** Behind its start. */
function withSegments(jpeg: Buffer, ...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}

function segment(marker: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0xff, marker, ...u16(data.length + 2)), data])
}

const u16 = (value: number): number[] => [value >> 8, value & 255]

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
