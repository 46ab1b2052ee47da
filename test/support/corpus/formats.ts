import { madeApng, withRightChecksums } from '../factories/apngs.ts'
import { gridItem, heifFile, tileItem } from '../factories/heic.ts'
import { bombGif, bombJpeg, bombPng, noisyImage } from '../factories/images.ts'

/** A format that uploads may have. A new one is a line here; the whole corpus follows. */
export interface CorpusFormat {
  name: string
  contentType: string
  /** A good picture. */
  make: (width: number, height: number) => Promise<Buffer>
  /** A small file whose header announces any size. */
  bomb?: (width: number, height: number) => Buffer | Promise<Buffer>
  /** Puts checksums right where bits were flipped, which would otherwise hide the damage from all but the first look. */
  mend?: (bytes: Buffer) => Buffer
}

export const CORPUS_FORMATS: readonly CorpusFormat[] = [
  {
    name: 'jpeg',
    contentType: 'image/jpeg',
    make: (w, h) => noisyImage(w, h).jpeg().toBuffer(),
    bomb: bombJpeg,
  },
  {
    name: 'jpeg-progressive',
    contentType: 'image/jpeg',
    make: (w, h) => noisyImage(w, h).jpeg({ progressive: true }).toBuffer(),
  },
  { name: 'png', contentType: 'image/png', make: (w, h) => noisyImage(w, h).png().toBuffer(), bomb: bombPng },
  {
    name: 'png-interlaced',
    contentType: 'image/png',
    make: (w, h) => noisyImage(w, h).png({ progressive: true }).toBuffer(),
  },
  {
    name: 'apng',
    contentType: 'image/png',
    make: async (w, h) => {
      const [first, other] = [noisyImage(w, h), noisyImage(w, h).negate()].map((image) =>
        image.png().toBuffer(),
      )
      const small = await noisyImage(w >> 1, h >> 1)
        .png()
        .toBuffer()
      return madeApng({
        frames: [
          { png: await first! },
          { png: small, left: w >> 2, top: 1, disposal: 1, blend: 1 },
          { png: await other!, disposal: 2 },
          { png: small, left: 1, top: h >> 2 },
        ],
      })
    },
    bomb: async (width, height) => madeApng({ frames: [{ png: bombPng(width, height) }] }),
    mend: withRightChecksums,
  },
  {
    name: 'webp',
    contentType: 'image/webp',
    make: (w, h) => noisyImage(w, h).webp({ effort: 0 }).toBuffer(),
    bomb: async (width, height) => {
      const file = await noisyImage(16, 16).webp({ lossless: true, effort: 0 }).toBuffer()
      // Of VP8L, 14 bits each, less one, after the signature.
      const size = Math.min(width - 1, 16_383) | (Math.min(height - 1, 16_383) << 14)
      file.writeInt32LE((file.readInt32LE(21) & 0xf000_0000) | size, 21)
      return file
    },
  },
  {
    name: 'gif',
    contentType: 'image/gif',
    make: (w, h) => noisyImage(w, h).gif({ effort: 1 }).toBuffer(),
    bomb: bombGif,
  },
  {
    name: 'avif',
    contentType: 'image/avif',
    make: (w, h) => noisyImage(w, h).avif({ effort: 0 }).toBuffer(),
    bomb: async (width, height) => {
      const file = await noisyImage(16, 16).avif({ effort: 0 }).toBuffer()
      const at = file.indexOf('ispe') + 8
      file.writeUInt32BE(width, at)
      file.writeUInt32BE(height, at + 4)
      return file
    },
  },
  {
    name: 'heic',
    contentType: 'image/heic',
    // The only tiles that there are, whatever the size.
    make: async () => heicGrid(128, 128),
    bomb: heicGrid,
  },
  {
    name: 'tiff',
    contentType: 'image/tiff',
    make: (w, h) => noisyImage(w, h).tiff({ compression: 'lzw' }).toBuffer(),
    bomb: async (width, height) => {
      const file = await noisyImage(16, 16).tiff({ compression: 'none' }).toBuffer()
      return withTiffSize(file, width, height)
    },
  },
  {
    name: 'tiff-jpeg',
    contentType: 'image/tiff',
    make: (w, h) => noisyImage(w, h).tiff({ compression: 'jpeg' }).toBuffer(),
  },
]

/** Four tiles of 64 × 64 in a grid that announces another size. */
function heicGrid(width: number, height: number): Buffer {
  const tiles = (['topLeft', 'topRight', 'bottomLeft', 'bottomRight'] as const).map((name) =>
    tileItem(name, { hidden: true }),
  )
  return heifFile([...tiles, gridItem({ width, height }, 2, [0, 1, 2, 3])], 4)
}

const TIFF_SIZE = { width: 256, height: 257, rowsPerStrip: 278 }

/** Changes what the first directory of a little-endian TIFF announces. */
function withTiffSize(tiff: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(tiff)
  const directory = bytes.readUInt32LE(4)
  const values: Record<number, number> = {
    [TIFF_SIZE.width]: width,
    [TIFF_SIZE.height]: height,
    [TIFF_SIZE.rowsPerStrip]: height,
  }
  for (let entry = directory + 2; entry < directory + 2 + 12 * bytes.readUInt16LE(directory); entry += 12) {
    const value = values[bytes.readUInt16LE(entry)]
    if (value === undefined) continue
    // As one LONG.
    bytes.writeUInt16LE(4, entry + 2)
    bytes.writeUInt32LE(value, entry + 8)
  }
  return bytes
}
