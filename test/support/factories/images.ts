import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import type { Exif, Sharp } from 'sharp'

/** Images made for tests; sharp itself is used, so that formats which the service refuses can be written as well. */

export type Rgb = readonly [number, number, number]

/** What each corner of `cornerPixels` shows when the image is upright. */
export const CORNERS = {
  topLeft: [220, 30, 30],
  topRight: [30, 200, 30],
  bottomLeft: [30, 30, 220],
  bottomRight: [240, 240, 240],
} as const satisfies Record<string, Rgb>

/** Four flat quadrants; a wrong turn or flip moves a colour to another corner. */
function cornerAt(x: number, y: number, width: number, height: number): Rgb {
  if (y < height / 2) return x < width / 2 ? CORNERS.topLeft : CORNERS.topRight
  return x < width / 2 ? CORNERS.bottomLeft : CORNERS.bottomRight
}

/**
 * The upright position of the stored pixel in row `r`, column `c`, by the table of the EXIF standard (row 0 and column 0 are
 * the … side of the scene); written out here so that sharp is tested against the standard and not against itself.
 */
const UPRIGHT: Record<number, (r: number, c: number, w: number, h: number) => [x: number, y: number]> = {
  1: (r, c) => [c, r],
  2: (r, c, w) => [w - 1 - c, r],
  3: (r, c, w, h) => [w - 1 - c, h - 1 - r],
  4: (r, c, _w, h) => [c, h - 1 - r],
  5: (r, c) => [r, c],
  6: (r, c, w) => [w - 1 - r, c],
  7: (r, c, w, h) => [w - 1 - r, h - 1 - c],
  8: (r, c, _w, h) => [r, h - 1 - c],
}

/** An image that looks `width` × `height` with CORNERS in place once its EXIF orientation is applied. */
export function orientedImage(width: number, height: number, orientation: number): Sharp {
  const [rows, columns] = orientation >= 5 ? [width, height] : [height, width]
  const pixels = Buffer.alloc(width * height * 3)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [x, y] = UPRIGHT[orientation]!(r, c, width, height)
      pixels.set(cornerAt(x, y, width, height), (r * columns + c) * 3)
    }
  }
  const image = sharp(pixels, { raw: { width: columns, height: rows, channels: 3 } })
  return orientation === 1 ? image : image.withMetadata({ orientation })
}

/** Seeded noise over a gradient: compresses like a picture, not like a flat area. */
export function noisyImage(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3)
  let state = 1
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    pixels[i] = (i / pixels.length) * 200 + ((state >>> 16) % 50)
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

export function flatImage(
  width: number,
  height: number,
  colour: { r: number; g: number; b: number; alpha?: number },
): Sharp {
  return sharp({
    create: { width, height, channels: colour.alpha === undefined ? 3 : 4, background: colour },
  })
}

/** Text that is looked for in what must not hold it. */
export const SECRET = 'SECRET-SERIAL-4711'

/** A camera's EXIF with place, time and a secret in it. */
export const CAMERA_EXIF: Exif = {
  IFD0: { Make: 'Canon', Model: 'Canon EOS R6', Artist: SECRET, Copyright: SECRET },
  IFD2: { DateTimeOriginal: '2024:05:01 12:34:56', OffsetTimeOriginal: '+02:00', BodySerialNumber: SECRET },
  IFD3: {
    GPSLatitudeRef: 'N',
    GPSLatitude: '51/1 30/1 2610/100',
    GPSLongitudeRef: 'W',
    GPSLongitude: '0/1 7/1 3900/100',
  },
}

/** A photo in the given format with CAMERA_EXIF, XMP and an ICC profile. */
export function photoWithMetadata(
  format: 'jpeg' | 'png' | 'webp' | 'avif',
  width = 64,
  height = 48,
): Promise<Buffer> {
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret>${SECRET}</secret></x:xmpmeta>`
  const image = noisyImage(width, height).withIccProfile('p3').withExif(CAMERA_EXIF).withXmp(xmp)
  return format === 'avif' ? image.avif({ effort: 0 }).toBuffer() : image.toFormat(format).toBuffer()
}

/** A GIF whose first frame is red and whose others are blue. */
export async function animatedGif(width: number, height: number, frames = 3): Promise<Buffer> {
  const colours = Array.from({ length: frames }, (_, i) =>
    i === 0 ? { r: 255, g: 0, b: 0 } : { r: 0, g: 0, b: 255 },
  )
  const images = await Promise.all(colours.map((colour) => flatImage(width, height, colour).png().toBuffer()))
  return sharp(images, { join: { animated: true } })
    .gif()
    .toBuffer()
}

/** A WebP of two frames, of which the second cannot be decoded. */
export async function damagedAnimation(): Promise<Buffer> {
  const images = [noisyImage(64, 48), noisyImage(64, 48).negate()].map((image) => image.png().toBuffer())
  const webp = await sharp(await Promise.all(images), { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer()
  return webp.fill(0xff, webp.lastIndexOf('ANMF') + 100)
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(type, 4, 'latin1')
  data.copy(chunk, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return chunk
}

/** A PNG with these chunks before its pixels. */
export function withPngChunks(
  png: Buffer,
  ...chunks: readonly (readonly [type: string, data: Buffer])[]
): Buffer {
  const inserted = chunks.map(([type, data]) => pngChunk(type, data))
  return Buffer.concat([png.subarray(0, PNG_HEADER_BYTES), ...inserted, png.subarray(PNG_HEADER_BYTES)])
}

/** Of the signature and IHDR. */
const PNG_HEADER_BYTES = 8 + 12 + 13

/** An animated PNG of frames of one size, the first of which is what readers of still pictures show. */
export function animatedPng(first: Buffer, ...others: readonly Buffer[]): Buffer {
  let sequence = 0
  const size = first.subarray(16, 24)
  const frameControl = () => {
    const data = Buffer.alloc(26)
    data.writeUInt32BE(sequence++)
    size.copy(data, 4)
    // A tenth of a second.
    data.writeUInt16BE(1, 20)
    data.writeUInt16BE(10, 22)
    return data
  }
  const animation = Buffer.alloc(8)
  animation.writeUInt32BE(1 + others.length)
  const whole = withPngChunks(first, ['acTL', animation], ['fcTL', frameControl()])
  const frames = others.flatMap((png) => {
    const control = pngChunk('fcTL', frameControl())
    const number = Buffer.alloc(4)
    number.writeUInt32BE(sequence++)
    return [control, pngChunk('fdAT', Buffer.concat([number, pixelsOfPng(png)]))]
  })
  const end = pngChunk('IEND', Buffer.alloc(0))
  return Buffer.concat([whole.subarray(0, -end.length), ...frames, end])
}

/** What its IDAT chunks hold. */
export function pixelsOfPng(png: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const isPixels = png.toString('latin1', at + 4, at + 8) === 'IDAT'
    if (isPixels) parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  return Buffer.concat(parts)
}

/** A GIF's first frame laid at a place of another canvas; without a transparent colour, unless it `isTransparent`. */
export function onCanvas(
  gif: Buffer,
  canvas: { width: number; height: number },
  { left, top, isTransparent = false }: { left: number; top: number; isTransparent?: boolean },
): Buffer {
  const bytes = Buffer.from(gif)
  bytes.writeUInt16LE(canvas.width, 6)
  bytes.writeUInt16LE(canvas.height, 8)
  const control = bytes.indexOf(Buffer.of(0x21, 0xf9, 4))
  if (control > 0) bytes[control + 3] = (bytes[control + 3]! & 0xfe) | (isTransparent ? 1 : 0)
  // An image descriptor at 0, 0.
  const frame = bytes.indexOf(Buffer.of(0x2c, 0, 0, 0, 0))
  bytes.writeUInt16LE(left, frame + 1)
  bytes.writeUInt16LE(top, frame + 3)
  return bytes
}

/** A well-formed PNG of a few hundred bytes whose header announces any size. */
export function bombPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  const pixels = deflateSync(Buffer.alloc(100_000))
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

/** A valid JPEG whose frame header is changed to announce any size up to 65,535². */
export async function bombJpeg(width: number, height: number): Promise<Buffer> {
  const jpeg = await flatImage(16, 16, { r: 1, g: 2, b: 3 }).jpeg().toBuffer()
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0))
  jpeg.writeUInt16BE(height, frame + 5)
  jpeg.writeUInt16BE(width, frame + 7)
  return jpeg
}

/** A valid GIF of 50 bytes whose canvas and only frame announce any size up to 65,535². */
export function bombGif(width: number, height: number): Buffer {
  const header = Buffer.from('GIF89a....\x80\0\0', 'latin1')
  const frame = Buffer.from('\x2c\0\0\0\0....\0', 'latin1')
  const colours = Buffer.from('000000ffffff', 'hex')
  const pixels = Buffer.of(2, 2, 0x4c, 0x01, 0)
  header.writeUInt16LE(width, 6)
  header.writeUInt16LE(height, 8)
  frame.writeUInt16LE(width, 5)
  frame.writeUInt16LE(height, 7)
  return Buffer.concat([header, colours, frame, pixels, Buffer.from(';')])
}

/** The pixel at x, y of an image, as sharp reads it without turning it. */
export async function pixelAt(image: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true })
  const at = (y * info.width + x) * info.channels
  return [...data.subarray(at, at + info.channels)]
}
