import sharp from 'sharp'
import { CAMERA_EXIF, noisyImage } from '../factories/images.ts'
import { CORPUS_FORMATS, type CorpusFormat } from './formats.ts'

export interface HostileFile {
  name: string
  /** What its uploader claims that it is. */
  contentType: string
  bytes: Buffer
}

const [WIDTH, HEIGHT] = [96, 64]
const TENTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const BOMBS = [
  [65_535, 65_535],
  [60_000, 60_000],
  [0, 0],
  [0, 7],
  [1, 65_535],
  [65_535, 1],
  // Within the limit of pixels, with no data for them.
  [7_000, 7_000],
] as const

/** Files of an enemy, made anew from a seed: of each format what breaks it, and so many copies with flipped bits. */
export async function* hostileFiles(flipsOfEach: number, seed = 1): AsyncGenerator<HostileFile> {
  const random = randomBelow(seed)
  yield* await pretenders(random)
  for (const format of CORPUS_FORMATS) {
    const good = await format.make(WIDTH, HEIGHT)
    yield* cutAndSized(format, good)
    yield* await bombsOf(format)
    for (let number = 0; number < flipsOfEach; number++) {
      const bytes = Buffer.from(good)
      const flips = 1 + random(8)
      for (let flip = 0; flip < flips; flip++) bytes[random(bytes.length)]! ^= 1 << random(8)
      const mended = format.mend && number % 2 === 0 ? format.mend(bytes) : bytes
      yield {
        name: `${format.name}, bits flipped #${number}`,
        contentType: format.contentType,
        bytes: mended,
      }
    }
  }
}

function cutAndSized({ name, contentType }: CorpusFormat, good: Buffer): HostileFile[] {
  const cut = TENTHS.map((tenth) => ({
    name: `${name}, cut at ${tenth} tenths`,
    contentType,
    bytes: good.subarray(0, (good.length * tenth) / 10),
  }))
  const script = Buffer.from('<script>alert(1)</script>/*PK\x03\x04*/', 'latin1')
  return [
    ...cut,
    { name: `${name}, whole`, contentType, bytes: good },
    { name: `${name} and a ZIP`, contentType, bytes: Buffer.concat([good, Buffer.from('PK\x03\x04'), good]) },
    { name: `${name} and a script`, contentType, bytes: Buffer.concat([good, script]) },
    { name: `${name} behind a script`, contentType, bytes: Buffer.concat([script, good]) },
    { name: `${name}, twice`, contentType, bytes: Buffer.concat([good, good]) },
  ]
}

async function bombsOf({ name, contentType, bomb }: CorpusFormat): Promise<HostileFile[]> {
  if (!bomb) return []
  return Promise.all(
    BOMBS.map(async ([width, height]) => ({
      name: `${name}, ${width} × ${height} announced`,
      contentType,
      bytes: await bomb(width, height),
    })),
  )
}

/** What is no picture, what is another one than it claims, and what hides in blocks of metadata. */
async function pretenders(random: (below: number) => number): Promise<HostileFile[]> {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
  const noise = () => Buffer.from(Array.from({ length: 5_000 }, () => random(256)))
  const types = [...new Set(CORPUS_FORMATS.map(({ contentType }) => contentType))]
  const bodies: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(10_000)],
    ['noise', noise()],
    ['SVG', Buffer.from(svg)],
    ['HTML', Buffer.from(`<!doctype html>${svg}`)],
    ['GIF that is JavaScript', Buffer.from('GIF89a/*\0\0\0\0\0*/=1;alert(1)//;', 'latin1')],
    ['PDF', Buffer.from('%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n')],
  ]
  const magic = await Promise.all(CORPUS_FORMATS.map(async ({ make }) => (await make(8, 8)).subarray(0, 12)))
  const swapped = await Promise.all(
    CORPUS_FORMATS.map(async ({ name, make }, at) => ({
      name: `${name} as another`,
      contentType: CORPUS_FORMATS[(at + 2) % CORPUS_FORMATS.length]!.contentType,
      bytes: await make(WIDTH, HEIGHT),
    })),
  )
  return [
    ...types.flatMap((contentType) =>
      bodies.map(([what, bytes]) => ({ name: `${what} as ${contentType}`, contentType, bytes })),
    ),
    ...CORPUS_FORMATS.map(({ name, contentType }, at) => ({
      name: `noise behind the first bytes of ${name}`,
      contentType,
      bytes: Buffer.concat([magic[at]!, noise()]),
    })),
    ...swapped,
    ...(await withHostileMetadata()),
  ]
}

async function withHostileMetadata(): Promise<HostileFile[]> {
  const contentType = 'image/jpeg'
  const jpeg = await noisyImage(WIDTH, HEIGHT).jpeg().toBuffer()
  const withExif = await noisyImage(WIDTH, HEIGHT).withExif(CAMERA_EXIF).jpeg().toBuffer()
  const inserted = (segments: Buffer[]) => Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
  const icc = Array.from({ length: 255 }, (_, at) =>
    segment(
      0xe2,
      Buffer.concat([Buffer.from('ICC_PROFILE\0'), Buffer.of(at + 1, 255), Buffer.alloc(65_000, 7)]),
    ),
  )
  return [
    { name: 'EXIF whose first directory is its own next', contentType, bytes: inserted([exif(looping())]) },
    { name: 'EXIF of a thousand nested directories', contentType, bytes: inserted([exif(nested(1_000))]) },
    { name: 'EXIF of many tags of the whole block', contentType, bytes: inserted([exif(greedy(5_000))]) },
    { name: 'an ICC profile of 16 MB', contentType, bytes: inserted(icc) },
    {
      name: 'hundreds of EXIF blocks',
      contentType,
      bytes: inserted(Array(300).fill(exif(looping())) as Buffer[]),
    },
    { name: 'a photo with EXIF, as a check', contentType, bytes: withExif },
    {
      name: 'a profile that is noise',
      contentType: 'image/png',
      bytes: await sharp(jpeg).withMetadata().png().toBuffer(),
    },
  ]
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.of(0xff, marker, 0, 0)
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}

const exif = (tiff: Buffer): Buffer => segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]))

/** A TIFF header and directories of entries `[tag, type, count, value]`, each at its offset, followed by `next`. */
function directory(entries: readonly (readonly [number, number, number, number])[], next: number): Buffer {
  const bytes = Buffer.alloc(2 + 12 * entries.length + 4)
  bytes.writeUInt16LE(entries.length, 0)
  entries.forEach(([tag, type, count, value], index) => {
    const at = 2 + 12 * index
    bytes.writeUInt16LE(tag, at)
    bytes.writeUInt16LE(type, at + 2)
    bytes.writeUInt32LE(count, at + 4)
    bytes.writeUInt32LE(value, at + 8)
  })
  bytes.writeUInt32LE(next, bytes.length - 4)
  return bytes
}

const TIFF_HEADER = Buffer.from('II*\0\x08\0\0\0', 'latin1')
const EXIF_POINTER = 0x8769

const looping = () => Buffer.concat([TIFF_HEADER, directory([[EXIF_POINTER, 4, 1, 8]], 8)])

function nested(depth: number): Buffer {
  const size = directory([[EXIF_POINTER, 4, 1, 0]], 0).length
  const directories = Array.from({ length: depth }, (_, at) =>
    directory([[EXIF_POINTER, 4, 1, 8 + size * (at + 1)]], 8 + size * (at + 1)),
  )
  return Buffer.concat([TIFF_HEADER, ...directories])
}

const greedy = (tags: number) =>
  Buffer.concat([
    TIFF_HEADER,
    directory(
      Array.from({ length: tags }, (_, at) => [40_000 + at, 7, 65_000, 8] as const),
      0,
    ),
  ])

/** Numbers that look random and are the same each time. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
