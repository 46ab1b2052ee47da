import {
  heifBrands,
  heifItems,
  heifPrimary,
  childBoxes,
  topLevelBoxes,
  type HeifBox,
  type HeifItem,
} from '../heif.ts'
import { collectPieces, UnstrippableError, type Piece } from './pieces.ts'

const CODED = new Set(['hvc1', 'hev1', 'av01'])
const DERIVED = new Set(['grid', 'iden', 'iovl'])
const ALPHA = /^urn:mpeg:(hevc:2015:auxid:1|mpegB:cicp:systems:auxiliary:alpha)\0/
/** Of what a picture is made, and that it has transparency, perhaps multiplied in. */
const REFERENCES = new Set(['dimg', 'auxl', 'prem'])
/** Sizes, codecs, colours and turns; texts, groups and times are not among them. */
const PROPERTIES = new Set([
  ...['ispe', 'pixi', 'colr', 'irot', 'imir', 'clap', 'pasp', 'hvcC', 'av1C', 'auxC'],
  ...['a1op', 'a1lx', 'lsel', 'clli', 'mdcv', 'cclv', 'amve'],
])
/** Of still pictures. */
const BRANDS = new Set(['mif1', 'mif2', 'miaf', 'heic', 'heix', 'avif', 'MA1A', 'MA1B'])

const FULL_BOX_BYTES = 4
/** Of an item that a 16-bit number can name. */
const MAX_ID = 0xffff

/**
 * Writes the file again around its coded pictures: the primary one, the tiles that it is made of, and their transparency. EXIF,
 * XMP, thumbnails, gain maps, depth, other pictures and films go, as does whatever no kept item refers to.
 *
 * @throws UnstrippableError
 */
export function stripHeif(bytes: Buffer): readonly Piece[] {
  try {
    return rewritten(bytes)
  } catch (error) {
    // A number that points behind the end of its box.
    if (error instanceof RangeError) throw new UnstrippableError('a cut HEIF box', { cause: error })
    throw error
  }
}

function rewritten(bytes: Buffer): readonly Piece[] {
  const top = topLevelBoxes(bytes).boxes
  const meta = top.find(({ type }) => type === 'meta')
  if (!meta) throw new UnstrippableError('a HEIF without a picture')
  const boxes = childBoxes(bytes, { start: meta.start + FULL_BOX_BYTES, end: meta.end })
  const primary = heifPrimary(bytes, boxes)
  if (primary === undefined) throw new UnstrippableError('a HEIF without a primary picture')
  const all = heifItems(bytes, boxes)
  const { properties, associations } = readProperties(bytes, boxes)
  const references = readReferences(bytes, boxes)
  const isAlpha = (id: number) =>
    (associations.get(id) ?? []).some(({ index }) => isAlphaProperty(bytes, properties[index - 1]))
  const kept = keptIds(primary, references, isAlpha)
  const items = [...kept].sort((a, b) => a - b).map((id) => ({ id, ...checked(bytes, id, all.get(id)) }))

  const written = {
    primary,
    items,
    references: references.filter(({ from }) => kept.has(from)),
    kept,
    properties: propertyBox(bytes, kept, properties, associations),
  }
  const head = fileType(
    heifBrands(bytes, top),
    items.some(({ type }) => type === 'av01'),
  )
  const dataAt = head.length + metaBox(written, 0).length + 8
  const data = collectPieces()
  for (const { extents } of items) for (const { start, end } of extents) data.keep(start, end)
  // Items may share their bytes, so that a small file could become one without an end.
  if (data.bytes() > bytes.length) throw new UnstrippableError('a HEIF that grows')
  const before = Buffer.concat([head, metaBox(written, dataAt), u32(data.bytes() + 8), text('mdat')])
  return [before, ...data.list]
}

interface Reference {
  type: string
  from: number
  to: number[]
}

/** The primary picture, what it is made of, and the transparency of either. */
function keptIds(
  primary: number,
  references: readonly Reference[],
  isAlpha: (id: number) => boolean,
): Set<number> {
  const next = new Map<number, number[]>()
  const link = (from: number, to: readonly number[]) => {
    const linked = next.get(from)
    if (linked) linked.push(...to)
    else next.set(from, [...to])
  }
  for (const { type, from, to } of references) {
    if (type === 'dimg') link(from, to)
    else if (type === 'auxl' && isAlpha(from)) for (const each of to) link(each, [from])
  }
  const kept = new Set([primary])
  // A set yields what is added while it is walked.
  for (const id of kept) for (const each of next.get(id) ?? []) kept.add(each)
  return kept
}

/** @throws UnstrippableError if it is not a picture whose bytes are all there */
function checked(bytes: Buffer, id: number, item: HeifItem | undefined): HeifItem {
  if (!item || id > MAX_ID || !(CODED.has(item.type) || DERIVED.has(item.type)))
    throw new UnstrippableError('a HEIF item that is no picture')
  const { extents } = item
  if (extents.length === 0 || extents.some(({ start, end }) => end <= start || end > bytes.length))
    throw new UnstrippableError('a HEIF item without its bytes')
  return item
}

function readReferences(bytes: Buffer, boxes: readonly HeifBox[]): Reference[] {
  const iref = boxes.find(({ type }) => type === 'iref')
  if (!iref) return []
  const size = bytes[iref.start] === 0 ? 2 : 4
  return childBoxes(bytes, { start: iref.start + FULL_BOX_BYTES, end: iref.end })
    .filter(({ type }) => REFERENCES.has(type))
    .map(({ type, start, end }) => {
      const count = bytes.readUInt16BE(start + size)
      const first = start + size + 2
      if (first + count * size > end) throw new RangeError('iref ends too early')
      const to = Array.from({ length: count }, (_, at) => bytes.readUIntBE(first + at * size, size))
      return { type, from: bytes.readUIntBE(start, size), to }
    })
}

interface Association {
  /** Counted from 1. */
  index: number
  isEssential: boolean
}

function readProperties(bytes: Buffer, boxes: readonly HeifBox[]) {
  const iprp = boxes.find(({ type }) => type === 'iprp')
  const parts = iprp ? childBoxes(bytes, iprp) : []
  const ipco = parts.find(({ type }) => type === 'ipco')
  const associations = new Map<number, Association[]>()
  for (const ipma of parts.filter(({ type }) => type === 'ipma')) readAssociations(bytes, ipma, associations)
  return { properties: ipco ? childBoxes(bytes, ipco) : [], associations }
}

function readAssociations(bytes: Buffer, { start, end }: HeifBox, into: Map<number, Association[]>): void {
  let at = start + FULL_BOX_BYTES
  const take = (size: number): number => {
    if (at + size > end) throw new RangeError('ipma ends too early')
    at += size
    return bytes.readUIntBE(at - size, size)
  }
  const idBytes = bytes[start] === 0 ? 2 : 4
  const isWide = (bytes[start + 3]! & 1) === 1
  const entries = take(4)
  for (let entry = 0; entry < entries; entry++) {
    const own = into.get(take(idBytes)) ?? []
    into.set(bytes.readUIntBE(at - idBytes, idBytes), own)
    for (let left = take(1); left > 0; left--) {
      const value = take(isWide ? 2 : 1)
      const essential = isWide ? 0x8000 : 0x80
      own.push({ index: value & (essential - 1), isEssential: (value & essential) !== 0 })
    }
  }
}

function isAlphaProperty(bytes: Buffer, property: HeifBox | undefined): boolean {
  if (property?.type !== 'auxC') return false
  return ALPHA.test(bytes.toString('latin1', property.start + FULL_BOX_BYTES, property.end))
}

/** The properties of what is kept, numbered anew. @throws UnstrippableError if one is essential and not known here */
function propertyBox(
  bytes: Buffer,
  kept: ReadonlySet<number>,
  properties: readonly HeifBox[],
  associations: ReadonlyMap<number, readonly Association[]>,
): Buffer {
  const numbers = new Map<number, number>()
  const entries = [...kept]
    .sort((a, b) => a - b)
    .flatMap((id) => {
      const own = (associations.get(id) ?? []).filter(({ index, isEssential }) => {
        const isKnown = PROPERTIES.has(properties[index - 1]?.type ?? '')
        if (!isKnown && isEssential && index > 0) throw new UnstrippableError('an unknown HEIF property')
        return isKnown
      })
      if (own.length === 0) return []
      const values = own.map(({ index, isEssential }) => {
        if (!numbers.has(index)) numbers.set(index, numbers.size + 1)
        return u16(numbers.get(index)! | (isEssential ? 0x8000 : 0))
      })
      return [Buffer.concat([u16(id), u8(own.length), ...values])]
    })
  const copies = [...numbers.keys()].map((index) => {
    const { type, start, end } = properties[index - 1]!
    return box(type, bytes.subarray(start, end))
  })
  return box('iprp', box('ipco', ...copies), fullBox('ipma', 0, 1, u32(entries.length), ...entries))
}

interface WrittenMeta {
  primary: number
  items: readonly (HeifItem & { id: number })[]
  references: readonly Reference[]
  kept: ReadonlySet<number>
  properties: Buffer
}

function metaBox({ primary, items, references, kept, properties }: WrittenMeta, dataAt: number): Buffer {
  let at = dataAt
  const locations = items.map(({ id, extents }) => {
    const length = extents.reduce((sum, { start, end }) => sum + end - start, 0)
    const entry = Buffer.concat([u16(id), u16(0), u16(1), u32(at), u32(length)])
    at += length
    return entry
  })
  const infos = items.map(({ id, type, isHidden }) =>
    fullBox('infe', 2, isHidden ? 1 : 0, u16(id), u16(0), text(type), u8(0)),
  )
  const links = references.flatMap(({ type, from, to }) => {
    const left = to.filter((id) => kept.has(id))
    return left.length > 0 ? [box(type, u16(from), u16(left.length), ...left.map(u16))] : []
  })
  return fullBox(
    'meta',
    0,
    0,
    fullBox('hdlr', 0, 0, u32(0), text('pict'), Buffer.alloc(12), u8(0)),
    fullBox('pitm', 0, 0, u16(primary)),
    fullBox('iloc', 0, 0, u8(0x44), u8(0), u16(items.length), ...locations),
    fullBox('iinf', 0, 0, u16(items.length), ...infos),
    ...(links.length > 0 ? [fullBox('iref', 0, 0, ...links)] : []),
    properties,
  )
}

/** Films lose their brand with their tracks. */
function fileType(brands: readonly string[], isAv1: boolean): Buffer {
  const own = isAv1 ? 'avif' : 'heic'
  const [major] = brands
  const others = new Set(['mif1', own, ...brands.filter((brand) => BRANDS.has(brand))])
  return box('ftyp', text(major && BRANDS.has(major) ? major : own), u32(0), ...[...others].map(text))
}

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const size = content.reduce((sum, { length }) => sum + length, 8)
  return Buffer.concat([u32(size), text(type), ...content])
}

const fullBox = (type: string, version: number, flags: number, ...content: readonly Buffer[]) =>
  box(type, u32(version * 2 ** 24 + flags), ...content)

const text = (four: string) => Buffer.from(four, 'latin1')
const u8 = (value: number) => Buffer.of(value)

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
