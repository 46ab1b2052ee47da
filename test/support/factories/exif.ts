/** EXIF blocks written by hand, for what no library writes. */

interface Gps {
  latitude: readonly number[]
  longitude: readonly number[]
  altitude?: number
  /** 1: below the sea. */
  altitudeRef?: number
}

interface Entry {
  tag: number
  type: number
  count: number
  data: Buffer
}

const BYTE = 1
const ASCII = 2
const LONG = 4
const RATIONAL = 5

/** A little-endian EXIF block with these GPS values; `NaN` is written as `0/0`. North and east. */
export function exifOf({ gps: { latitude, longitude, altitude, altitudeRef = 0 } }: { gps: Gps }): Buffer {
  const header = Buffer.from('Exif\0\0II*\0\x08\0\0\0', 'latin1')
  const main = (pointer: number) => directory(8, [entry(0x8825, LONG, 1, uint32(pointer))])
  const gpsAt = 8 + main(0).length
  const gps = directory(gpsAt, [
    entry(1, ASCII, 2, Buffer.from('N\0')),
    rationals(2, latitude),
    entry(3, ASCII, 2, Buffer.from('E\0')),
    rationals(4, longitude),
    ...(altitude === undefined ? [] : [entry(5, BYTE, 1, Buffer.of(altitudeRef)), rationals(6, [altitude])]),
  ])
  return Buffer.concat([header, main(gpsAt), gps])
}

const entry = (tag: number, type: number, count: number, data: Buffer): Entry => ({ tag, type, count, data })

const rationals = (tag: number, values: readonly number[]): Entry =>
  entry(
    tag,
    RATIONAL,
    values.length,
    Buffer.concat(
      values.flatMap((value) =>
        Number.isNaN(value) ? [uint32(0), uint32(0)] : fraction(value, value < 1_000 ? 1_000_000 : 1),
      ),
    ),
  )

const fraction = (value: number, denominator: number) => [
  uint32(Math.round(value * denominator)),
  uint32(denominator),
]

function directory(at: number, entries: readonly Entry[]): Buffer {
  let dataAt = at + 2 + 12 * entries.length + 4
  const values: Buffer[] = []
  const rows = entries.map(({ tag, type, count, data }) => {
    const row = Buffer.alloc(12)
    row.writeUInt16LE(tag, 0)
    row.writeUInt16LE(type, 2)
    row.writeUInt32LE(count, 4)
    if (data.length <= 4) data.copy(row, 8)
    else {
      row.writeUInt32LE(dataAt, 8)
      dataAt += data.length
      values.push(data)
    }
    return row
  })
  const count = Buffer.alloc(2)
  count.writeUInt16LE(entries.length)
  return Buffer.concat([count, ...rows, uint32(0), ...values])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
