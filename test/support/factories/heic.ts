import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { CAMERA_EXIF, noisyImage, SECRET } from './images.ts'

/**
 * HEIC files put together box by box (ISO/IEC 14496-12, 23008-12) from tiles that `test/support/heic/encode_tiles.py` encoded, since nothing
 * that the tests install can write HEVC.
 */

interface Tile {
  width: number
  height: number
  config: Buffer
  data: Buffer
}

export type TileName = keyof typeof tiles

const tilesFile = join(import.meta.dirname, '..', 'heic', 'tiles.json')
const tiles = readTiles()

function readTiles() {
  type Stored = { width: number; height: number; config: string; data: string }
  const stored = JSON.parse(readFileSync(tilesFile, 'utf8')) as Record<
    | 'topLeft'
    | 'topRight'
    | 'bottomLeft'
    | 'bottomRight'
    | 'half'
    | 'deepRed'
    | 'gain'
    | `scene${0 | 1}${0 | 1}`,
    Stored
  >
  return Object.fromEntries(
    Object.entries(stored).map(([name, { width, height, config, data }]) => [
      name,
      { width, height, config: Buffer.from(config, 'base64'), data: Buffer.from(data, 'base64') },
    ]),
  ) as Record<keyof typeof stored, Tile>
}

export interface HeifItem {
  /** `hvc1`, `grid`, `Exif`, `mime` … */
  type: string
  data: Buffer
  /** Whole boxes: `ispe`, `hvcC`, `colr`, `irot` … */
  properties?: Buffer[]
  /** Positions of other items in the file, by the kind of reference. */
  references?: Record<string, number[]>
  /** Not shown by itself, as tiles are. */
  hidden?: boolean
  /** Of a `mime` item. */
  contentType?: string
}

/** A HEIF file of these items, whose ids are their positions counted from 1. */
export function heifFile(items: readonly HeifItem[], primary: number, brand = 'heic'): Buffer {
  const ftyp = box('ftyp', text(brand), u32(0), text('mif1'), text(brand), text('miaf'))
  const metaOf = (dataAt: number) => metaBox(items, primary, dataAt)
  const dataAt = ftyp.length + metaOf(0).length + 8
  return Buffer.concat([ftyp, metaOf(dataAt), box('mdat', ...items.map(({ data }) => data))])
}

function metaBox(items: readonly HeifItem[], primary: number, dataAt: number): Buffer {
  const properties = items.flatMap((item) => item.properties ?? [])
  const references = items.flatMap((item, index) =>
    Object.entries(item.references ?? {}).map(([kind, to]) =>
      box(kind, u16(index + 1), u16(to.length), ...to.map((each) => u16(each + 1))),
    ),
  )
  return fullBox(
    'meta',
    0,
    0,
    fullBox('hdlr', 0, 0, u32(0), text('pict'), Buffer.alloc(12), u8(0)),
    fullBox('pitm', 0, 0, u16(primary + 1)),
    fullBox('iinf', 0, 0, u16(items.length), ...items.map(infoOf)),
    locationsOf(items, dataAt),
    fullBox('iref', 0, 0, ...references),
    box('iprp', box('ipco', ...properties), associationsOf(items)),
  )
}

function infoOf({ type, hidden, contentType }: HeifItem, index: number): Buffer {
  const mime = contentType === undefined ? [] : [Buffer.from(`${contentType}\0`)]
  return fullBox('infe', 2, hidden ? 1 : 0, u16(index + 1), u16(0), text(type), u8(0), ...mime)
}

function locationsOf(items: readonly HeifItem[], dataAt: number): Buffer {
  let at = dataAt
  const entries = items.map(({ data }, index) => {
    const entry = Buffer.concat([u16(index + 1), u16(0), u16(1), u32(at), u32(data.length)])
    at += data.length
    return entry
  })
  return fullBox('iloc', 0, 0, u8(0x44), u8(0), u16(items.length), ...entries)
}

/** Each item has its own properties, numbered through in the order of the items; all are essential. */
function associationsOf(items: readonly HeifItem[]): Buffer {
  let last = 0
  const entries = items.flatMap(({ properties = [] }, index) => {
    if (properties.length === 0) return []
    const numbers = properties.map(() => u8(0x80 | ++last))
    return [Buffer.concat([u16(index + 1), u8(properties.length), ...numbers])]
  })
  return fullBox('ipma', 0, 0, u32(entries.length), ...entries)
}

/** A coded image. */
export function tileItem(name: TileName, more: Partial<HeifItem> = {}): HeifItem {
  const { width, height, config, data } = tiles[name]
  const bits = name === 'deepRed' ? 10 : 8
  return {
    type: 'hvc1',
    data,
    ...more,
    properties: [
      sizeProperty(width, height),
      box('hvcC', config),
      fullBox('pixi', 0, 0, u8(3), u8(bits), u8(bits), u8(bits)),
      ...(more.properties ?? []),
    ],
  }
}

/** The picture of an AVIF that sharp wrote, to be put into a file with other properties. */
export function avifItem(avif: Buffer, ...properties: Buffer[]): HeifItem {
  const boxOf = (type: string) => {
    const at = avif.indexOf(type) - 4
    return avif.subarray(at, at + avif.readUInt32BE(at))
  }
  const kept = ['ispe', 'av1C', 'pixi'].map(boxOf)
  return { type: 'av01', data: boxOf('mdat').subarray(8), properties: [...kept, ...properties] }
}

/** An image of `columns` × rows tiles, which are the items at `parts`, cut to its size. */
export function gridItem(
  size: { width: number; height: number },
  columns: number,
  parts: number[],
  more: Partial<HeifItem> = {},
): HeifItem {
  const rows = parts.length / columns
  return {
    type: 'grid',
    data: Buffer.concat([u8(0), u8(0), u8(rows - 1), u8(columns - 1), u16(size.width), u16(size.height)]),
    references: { dimg: parts, ...more.references },
    ...more,
    properties: [sizeProperty(size.width, size.height), ...(more.properties ?? [])],
  }
}

const sizeProperty = (width: number, height: number) => fullBox('ispe', 0, 0, u32(width), u32(height))
/** Turned by so many quarters, counter-clockwise. */
export const irot = (quarters: number) => box('irot', u8(quarters))
/** Mirrored: 0 swaps top and bottom, 1 left and right. */
const imir = (axis: 0 | 1) => box('imir', u8(axis))
const iccProperty = (icc: Buffer) => box('colr', text('prof'), icc)
export const nclxProperty = (primaries: number, transfer: number, matrix = 6) =>
  box('colr', text('nclx'), u16(primaries), u16(transfer), u16(matrix), u8(0x80))
const auxiliary = (urn: string) => fullBox('auxC', 0, 0, Buffer.from(`${urn}\0`))

/** The properties that, read by the rules of HEIF, turn a stored picture as EXIF's orientation would. */
const TURNS: Record<number, Buffer[]> = {
  1: [],
  2: [imir(1)],
  3: [irot(2)],
  4: [imir(0)],
  5: [irot(3), imir(1)],
  6: [irot(3)],
  7: [irot(1), imir(1)],
  8: [irot(1)],
}

/** A grid of 128 × 128 that looks like CORNERS once its own properties have turned it. */
export function cornersHeic(orientation: number, exif = orientation): Promise<Buffer> {
  // What has to be stored so that the turned picture has its corners in place.
  const stored: Record<number, TileName[]> = {
    1: ['topLeft', 'topRight', 'bottomLeft', 'bottomRight'],
    2: ['topRight', 'topLeft', 'bottomRight', 'bottomLeft'],
    3: ['bottomRight', 'bottomLeft', 'topRight', 'topLeft'],
    4: ['bottomLeft', 'bottomRight', 'topLeft', 'topRight'],
    5: ['topLeft', 'bottomLeft', 'topRight', 'bottomRight'],
    6: ['topRight', 'bottomRight', 'topLeft', 'bottomLeft'],
    7: ['bottomRight', 'topRight', 'bottomLeft', 'topLeft'],
    8: ['bottomLeft', 'topLeft', 'bottomRight', 'topRight'],
  }
  return withExif(
    [
      ...stored[orientation]!.map((name) => tileItem(name, { hidden: true })),
      gridItem({ width: 128, height: 128 }, 2, [0, 1, 2, 3], { properties: TURNS[orientation]! }),
    ],
    4,
    { IFD0: { Orientation: String(exif) } },
  )
}

async function withExif(items: HeifItem[], primary: number, exif: typeof CAMERA_EXIF): Promise<Buffer> {
  return heifFile([...items, await exifItem(primary, exif)], primary)
}

/** EXIF of the item at this position. */
export async function exifItem(of: number, exif: typeof CAMERA_EXIF): Promise<HeifItem> {
  const block = (await sharp(await noisyImage(8, 8).withExif(exif).jpeg().toBuffer()).metadata()).exif!
  return { type: 'Exif', data: Buffer.concat([u32(6), block]), references: { cdsc: [of] } }
}

/**
 * A photo as an iPhone stores it: four tiles in a grid, turned upright by `irot`, in Display P3, with EXIF (place,
 * serial number and an orientation that says the same as `irot` once more), XMP, a smaller copy and a gain map.
 */
export async function iphoneHeic(): Promise<Buffer> {
  const p3 = (await sharp(await noisyImage(8, 8).withIccProfile('p3').png().toBuffer()).metadata()).icc!
  const exif = {
    ...CAMERA_EXIF,
    IFD0: { ...CAMERA_EXIF.IFD0, Make: 'Apple', Model: 'iPhone 15 Pro', Orientation: '6' },
  }
  const grid = 4
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret>${SECRET}</secret></x:xmpmeta>`
  const scene = (['scene00', 'scene01', 'scene10', 'scene11'] as const).map((name) =>
    tileItem(name, { hidden: true, properties: [iccProperty(p3)] }),
  )
  return heifFile(
    [
      ...scene,
      gridItem({ width: 1008, height: 756 }, 2, [0, 1, 2, 3], { properties: [iccProperty(p3), irot(3)] }),
      await exifItem(grid, exif),
      {
        type: 'mime',
        contentType: 'application/rdf+xml',
        data: Buffer.from(xmp),
        references: { cdsc: [grid] },
      },
      tileItem('half', { references: { thmb: [grid] }, properties: [irot(3)] }),
      tileItem('gain', {
        references: { auxl: [grid] },
        properties: [auxiliary('urn:com:apple:photo:2020:aux:hdrgainmap'), irot(3)],
      }),
    ],
    grid,
  )
}

function box(type: string, ...content: Buffer[]): Buffer {
  const size = content.reduce((sum, { length }) => sum + length, 8)
  return Buffer.concat([u32(size), text(type), ...content])
}

function fullBox(type: string, version: number, flags: number, ...content: Buffer[]): Buffer {
  return box(type, u32(version * 2 ** 24 + flags), ...content)
}

function text(four: string): Buffer {
  return Buffer.from(four, 'latin1')
}

function u8(value: number): Buffer {
  return Buffer.of(value)
}

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
