/** Pixels as rows of interleaved samples, 16-bit ones little-endian. */
export interface TiffPixels {
  data: Buffer
  width: number
  height: number
  channels: 3 | 4
  depth: 'uchar' | 'ushort'
}

const HEADER_BYTES = 8
const SHORT = 3
const LONG = 4
const UNDEFINED = 7
const TYPE_BYTES: Readonly<Record<number, number>> = { [SHORT]: 2, [LONG]: 4, [UNDEFINED]: 1 }

/** An uncompressed TIFF of RGB pixels with an ICC profile: the cheapest way to hand both to libvips. */
export function tiffOf({ data, width, height, channels, depth }: TiffPixels, icc: Buffer): Buffer {
  const bits = depth === 'ushort' ? 16 : 8
  const alpha = channels === 4 ? [field(338, SHORT, shorts([2]))] : []
  const fields = [
    field(256, LONG, longs([width])),
    field(257, LONG, longs([height])),
    field(258, SHORT, shorts(Array<number>(channels).fill(bits))),
    field(259, SHORT, shorts([1])),
    field(262, SHORT, shorts([2])),
    field(273, LONG, longs([0])),
    field(277, SHORT, shorts([channels])),
    field(278, LONG, longs([height])),
    field(279, LONG, longs([data.length])),
    ...alpha,
    field(34_675, UNDEFINED, icc),
  ]
  const directory = Buffer.alloc(2 + 12 * fields.length + 4)
  directory.writeUInt16LE(fields.length)
  const outside: Buffer[] = []
  let end = HEADER_BYTES + directory.length
  for (const [i, { tag, type, value }] of fields.entries()) {
    const at = 2 + 12 * i
    directory.writeUInt16LE(tag, at)
    directory.writeUInt16LE(type, at + 2)
    directory.writeUInt32LE(value.length / TYPE_BYTES[type]!, at + 4)
    if (value.length <= 4) {
      value.copy(directory, at + 8)
    } else {
      directory.writeUInt32LE(end, at + 8)
      const padded = Buffer.concat([value, Buffer.alloc(value.length & 1)])
      outside.push(padded)
      end += padded.length
    }
  }
  directory.writeUInt32LE(end, 2 + 12 * fields.findIndex(({ tag }) => tag === 273) + 8)
  const header = Buffer.from('49492a0008000000', 'hex')
  return Buffer.concat([header, directory, ...outside, data])
}

function field(tag: number, type: number, value: Buffer) {
  return { tag, type, value }
}

function shorts(values: number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer)
}

function longs(values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer)
}
