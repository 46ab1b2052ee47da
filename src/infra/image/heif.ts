/**
 * Reads the boxes of HEIF and AVIF (ISO/IEC 14496-12 and 23008-12): only those that tell what the primary image is,
 * where its bytes are, and in which colours. No pixel is decoded. Every read is bounded by the file's length.
 */

export interface HeifBox {
  type: string
  /** Of the content, after the header. */
  start: number
  end: number
}

/** Colours as code points of ITU-T H.273. */
interface Nclx {
  primaries: number
  transfer: number
}

export interface HeifFile {
  /** Brands of the `ftyp` box, the major one first. */
  brands: string[]
  /** How the primary image, or the first tile that it is made of, is coded: `hvc1`, `av01` … */
  codec: string | undefined
  /** Whether the primary image carries an ICC profile. */
  hasIcc: boolean
  nclx: Nclx | undefined
  /** Where the last box ends. Bytes behind it belong to nobody. */
  end: number
  /** What is missing, if something is. */
  missing: string | undefined
}

export interface HeifItem {
  type: string
  /** Not shown by itself, as tiles are. */
  isHidden: boolean
  /** Absolute positions in the file. */
  extents: { start: number; end: number }[]
}

/** Derived images name what they are made of; nested deeper than this, a file was made to harm. */
const MAX_DERIVATIONS = 8
/** Boxes in one container; real files have a few hundred properties at most. */
const MAX_BOXES = 10_000
/** Items of one file: an iPhone's has some 60. */
const MAX_ITEMS = 100_000

/** Reads as far as the file goes; never throws. */
export function readHeif(bytes: Buffer): HeifFile {
  const { boxes, end, missing } = topLevelBoxes(bytes)
  const file: HeifFile = {
    brands: heifBrands(bytes, boxes),
    codec: undefined,
    hasIcc: false,
    nclx: undefined,
    end,
    missing,
  }
  const meta = boxes.find(({ type }) => type === 'meta')
  if (!meta) return file.missing || sequenceOf(boxes) ? file : { ...file, missing: 'there is no meta box' }
  try {
    return { ...file, ...readMeta(bytes, meta, file.missing) }
  } catch (error) {
    if (error instanceof RangeError)
      return { ...file, missing: file.missing ?? 'the meta box ends too early' }
    throw error
  }
}

const sequenceOf = (boxes: readonly HeifBox[]) => boxes.some(({ type }) => type === 'moov')

/** Boxes that image files have at their top; anything else behind the last of them is not part of the file. */
const KNOWN_AT_TOP = new Set(['ftyp', 'meta', 'mdat', 'moov', 'free', 'skip', 'uuid', 'moof', 'mfra', 'idat'])

/** The boxes of a file, as far as it goes. */
export function topLevelBoxes(bytes: Buffer): {
  boxes: HeifBox[]
  end: number
  missing: string | undefined
} {
  const boxes: HeifBox[] = []
  let at = 0
  while (at + 8 <= bytes.length && boxes.length < MAX_BOXES) {
    const { type, start, end } = boxAt(bytes, at, bytes.length)
    if (end < start) break
    if (end > bytes.length) {
      if (!KNOWN_AT_TOP.has(type)) break
      boxes.push({ type, start, end: bytes.length })
      return { boxes, end: bytes.length, missing: `the ${type} box is longer than the file` }
    }
    boxes.push({ type, start, end })
    at = end
  }
  return { boxes, end: at, missing: undefined }
}

/** The box at a position; its end lies before its start if no box can be there. */
function boxAt(bytes: Buffer, at: number, limit: number): HeifBox {
  const size = bytes.readUInt32BE(at)
  const type = bytes.toString('latin1', at + 4, at + 8)
  if (size === 0) return { type, start: at + 8, end: limit }
  if (size === 1 && at + 16 <= limit) {
    return { type, start: at + 16, end: at + Number(bytes.readBigUInt64BE(at + 8)) }
  }
  return { type, start: at + 8, end: at + size }
}

/** The boxes in another one. */
export function childBoxes(bytes: Buffer, { start, end }: Pick<HeifBox, 'start' | 'end'>): HeifBox[] {
  const boxes: HeifBox[] = []
  let at = start
  while (at + 8 <= end && boxes.length < MAX_BOXES) {
    const box = boxAt(bytes, at, end)
    if (box.end < box.start || box.end > end) break
    boxes.push(box)
    at = box.end
  }
  return boxes
}

/** The major brand first. */
export function heifBrands(bytes: Buffer, boxes: readonly HeifBox[]): string[] {
  const ftyp = boxes.find(({ type }) => type === 'ftyp')
  if (!ftyp) return []
  const text = bytes.toString('latin1', ftyp.start, Math.min(ftyp.end, ftyp.start + 256))
  return [text.slice(0, 4), ...(text.slice(8).match(/.{4}/gs) ?? [])]
}

function readMeta(
  bytes: Buffer,
  meta: HeifBox,
  missing: string | undefined,
): Pick<HeifFile, 'codec' | 'hasIcc' | 'nclx' | 'missing'> {
  const boxes = childBoxes(bytes, { start: meta.start + 4, end: meta.end })
  const find = (type: string) => boxes.find((box) => box.type === type)
  const primary = heifPrimary(bytes, boxes)
  const items = heifItems(bytes, boxes)
  const parts = primary === undefined ? [] : partsOf(primary, readSources(bytes, find('iref')))
  const properties = primary === undefined ? [] : propertiesOf(bytes, find('iprp'), parts)
  const colours = properties.filter(({ type }) => type === 'colr')
  const nclx = colours.find(({ start }) => bytes.toString('latin1', start, start + 4) === 'nclx')
  return {
    codec: items.get(parts.at(-1) ?? -1)?.type,
    hasIcc: colours.some(({ start }) => /^(prof|rICC)$/.test(bytes.toString('latin1', start, start + 4))),
    nclx: nclx && {
      primaries: bytes.readUInt16BE(nclx.start + 4),
      transfer: bytes.readUInt16BE(nclx.start + 6),
    },
    missing: missing ?? missingExtent(bytes, items),
  }
}

function missingExtent(bytes: Buffer, items: ReadonlyMap<number, HeifItem>): string | undefined {
  for (const { type, extents } of items.values()) {
    if (extents.some(({ end }) => end > bytes.length)) return `an item (${type}) lies behind the end`
  }
  return undefined
}

/** @param boxes those of the meta box @throws RangeError if they are cut */
export function heifPrimary(bytes: Buffer, boxes: readonly HeifBox[]): number | undefined {
  const pitm = boxes.find(({ type }) => type === 'pitm')
  if (!pitm) return undefined
  return bytes[pitm.start] === 0 ? bytes.readUInt16BE(pitm.start + 4) : bytes.readUInt32BE(pitm.start + 4)
}

/** What the file holds, by id. @param boxes those of the meta box @throws RangeError if they are cut */
export function heifItems(bytes: Buffer, boxes: readonly HeifBox[]): Map<number, HeifItem> {
  const find = (type: string) => boxes.find((box) => box.type === type)
  const [iinf, iloc, idat] = [find('iinf'), find('iloc'), find('idat')]
  const items = new Map<number, HeifItem>()
  if (iinf) {
    const counted = bytes[iinf.start] === 0 ? 6 : 8
    for (const infe of childBoxes(bytes, { start: iinf.start + counted, end: iinf.end })) {
      const wide = bytes[infe.start] === 3
      const id = wide ? bytes.readUInt32BE(infe.start + 4) : bytes.readUInt16BE(infe.start + 4)
      const at = infe.start + (wide ? 10 : 8)
      const isHidden = (bytes[infe.start + 3]! & 1) === 1
      items.set(id, { type: bytes.toString('latin1', at, at + 4), isHidden, extents: [] })
    }
  }
  if (iloc) readLocations(bytes, iloc, idat, items)
  return items
}

function readLocations(
  bytes: Buffer,
  iloc: HeifBox,
  idat: HeifBox | undefined,
  items: Map<number, HeifItem>,
): void {
  let at = iloc.start
  const take = (size: number): number => {
    if (at + size > iloc.end) throw new RangeError('iloc ends too early')
    at += size
    if (size === 8) return Number(bytes.readBigUInt64BE(at - 8))
    return size === 0 ? 0 : bytes.readUIntBE(at - size, size)
  }
  const version = take(1)
  take(3)
  const sizes = take(2)
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexSize = version === 0 ? 0 : sizes & 15
  if ([offsetSize, lengthSize, baseSize, indexSize].some((size) => ![0, 4, 8].includes(size))) {
    throw new RangeError('iloc has fields of an unknown size')
  }
  const count = Math.min(take(version < 2 ? 2 : 4), MAX_ITEMS)
  // Fields may be empty, so that the length of the box bounds nothing.
  let left = MAX_ITEMS
  for (let item = 0; item < count; item++) {
    const id = take(version < 2 ? 2 : 4)
    const construction = version === 0 ? 0 : take(2) & 15
    take(2)
    const base = take(baseSize)
    const extents = take(2)
    left -= extents
    if (left < 0) throw new RangeError('iloc has too many extents')
    for (let extent = 0; extent < extents; extent++) {
      take(indexSize)
      const start = base + take(offsetSize) + (construction === 1 ? (idat?.start ?? 0) : 0)
      const length = take(lengthSize)
      // Construction 2 counts within other items, which are checked themselves.
      if (construction < 2) items.get(id)?.extents.push({ start, end: start + length })
    }
  }
}

/** What each derived image is made of, the first part only: they share one codec. */
function readSources(bytes: Buffer, iref: HeifBox | undefined): Map<number, number> {
  const sources = new Map<number, number>()
  if (!iref) return sources
  const size = bytes[iref.start] === 0 ? 2 : 4
  for (const { type, start } of childBoxes(bytes, { start: iref.start + 4, end: iref.end })) {
    if (type !== 'dimg') continue
    const from = bytes.readUIntBE(start, size)
    if (!sources.has(from) && bytes.readUInt16BE(start + size) > 0) {
      sources.set(from, bytes.readUIntBE(start + size + 2, size))
    }
  }
  return sources
}

/** The primary item, what it is made of, and so on down to something coded. */
function partsOf(primary: number, sources: ReadonlyMap<number, number>): number[] {
  const parts = [primary]
  while (parts.length < MAX_DERIVATIONS) {
    const next = sources.get(parts.at(-1)!)
    if (next === undefined) break
    parts.push(next)
  }
  return parts
}

/** Properties of the first of these items that has a colour, as tiles may carry what their grid leaves out. */
function propertiesOf(bytes: Buffer, iprp: HeifBox | undefined, parts: readonly number[]): HeifBox[] {
  if (!iprp) return []
  const boxes = childBoxes(bytes, iprp)
  const ipco = boxes.find(({ type }) => type === 'ipco')
  if (!ipco) return []
  const all = childBoxes(bytes, ipco)
  const indexes = new Map<number, number[]>()
  for (const ipma of boxes.filter(({ type }) => type === 'ipma')) readAssociations(bytes, ipma, indexes)
  for (const part of parts) {
    const own = (indexes.get(part) ?? []).flatMap((index) => all[index - 1] ?? [])
    if (own.some(({ type }) => type === 'colr')) return own
  }
  return []
}

function readAssociations(bytes: Buffer, { start, end }: HeifBox, indexes: Map<number, number[]>): void {
  const wideIds = bytes[start]! > 0
  const wideIndexes = (bytes[start + 3]! & 1) === 1
  let at = start + 8
  const count = Math.min(bytes.readUInt32BE(start + 4), MAX_ITEMS)
  for (let entry = 0; entry < count && at + 3 <= end; entry++) {
    const id = wideIds ? bytes.readUInt32BE(at) : bytes.readUInt16BE(at)
    at += wideIds ? 4 : 2
    const own: number[] = []
    const associations = bytes[at]!
    at += 1
    for (let each = 0; each < associations; each++) {
      own.push(wideIndexes ? bytes.readUInt16BE(at) & 0x7fff : bytes[at]! & 0x7f)
      at += wideIndexes ? 2 : 1
    }
    indexes.set(id, own)
  }
}
