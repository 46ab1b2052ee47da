import type { JpegOptions, Metadata, Sharp } from 'sharp'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import type { OriginalContentType, PixelSize } from '../../domain/variants.ts'
import { messageOf } from '../../observability/error-text.ts'
import { profileBeside } from './colour.ts'
import { contentTypesOf } from './format.ts'
import { firstFrameOf } from './gif.ts'
import { decodeHeic } from './heic.ts'
import { readHeif } from './heif.ts'
import { isOutOfMemory } from './out-of-memory.ts'
import { openForeign, sharp, type ForeignOptions } from './sharp.ts'
import { tiffOf } from './tiff.ts'

/** Upright 8-bit sRGB pixels without metadata. */
export interface Pixels {
  data: Buffer
  width: number
  height: number
  channels: 1 | 2 | 3 | 4
}

/** An original whose header has been read; no pixel has been decoded. */
export interface Original extends PixelSize {
  metadata: Metadata
  /**
   * Decodes it at this size, which must not be larger. With `failOn: 'warning'` a decoder's doubts are failures too.
   * @throws InvalidImageError if it cannot be decoded; any other error (memory, time) is not the format's fault
   */
  decode(size: PixelSize, options?: Pick<ForeignOptions, 'failOn'>): Promise<Pixels>
  /** Makes a JPEG in its own size, line by line where its format is decoded so. @throws InvalidImageError as `decode` does */
  toJpeg(options: JpegOptions): Promise<Buffer>
}

/**
 * Opens an original for its inspection and for rendering alike, so that both judge it the same way.
 *
 * @param contentType what its bytes are (detectContentType)
 * @throws InvalidImageError if its header cannot be read
 */
export async function openOriginal(
  bytes: Buffer,
  contentType: OriginalContentType,
  maxPixels: number,
): Promise<Original> {
  const readable = readableBytes(bytes, contentType)
  const metadata = await readHeader(readable, contentType)
  const { width, height } = metadata.autoOrient
  const profile = profileBeside(contentType, readable, metadata)
  const upright = (size: PixelSize, failOn?: ForeignOptions['failOn']) =>
    uprightAt(readable, { contentType, size, metadata, maxPixels, failOn })
  const decode = async (size: PixelSize, failOn: ForeignOptions['failOn']) => {
    if (isHeif(contentType)) {
      return decodedHeic(readable, size, { maxPixels, profile: profile ?? metadata.icc, metadata })
    }
    return profile
      ? converted(upright(size, failOn), profile, metadata)
      : toPixels(inSrgb(upright(size, failOn), metadata))
  }
  const inOwnSize = async (): Promise<Sharp> => {
    if (!isHeif(contentType) && !profile) return inSrgb(upright({ width, height }), metadata)
    const { data, ...raw } = await decode({ width, height }, undefined)
    return sharp(data, { raw })
  }
  return {
    width,
    height,
    metadata,
    decode: (size, { failOn } = {}) =>
      decode(size, failOn).catch((error: unknown) => {
        throw asInvalidImage(error)
      }),
    toJpeg: async (options) => {
      try {
        return await (await inOwnSize()).flatten({ background: '#ffffff' }).jpeg(options).toBuffer()
      } catch (error) {
        throw asInvalidImage(error)
      }
    },
  }
}

/** HEVC; AVIF is libvips' own. */
const isHeif = (contentType: OriginalContentType) =>
  contentType === 'image/heic' || contentType === 'image/heif'

/**
 * The bytes as libvips takes them: it knows no AVIF sequences (`avis`), but decodes the still picture that these hold for
 * readers of still pictures.
 */
function readableBytes(bytes: Buffer, contentType: OriginalContentType): Buffer {
  if (contentType !== 'image/avif') return bytes
  const { brands, codec } = readHeif(bytes)
  if (brands[0] !== 'avis') return bytes
  if (!codec) {
    throw new InvalidImageError('not_an_image', 'This AVIF is a film without a still picture.')
  }
  const still = Buffer.from(bytes)
  still.write('avif', 8, 'latin1')
  return still
}

/** The header alone: no pixel is decoded, so no limit is needed yet. */
async function readHeader(bytes: Buffer, contentType: OriginalContentType): Promise<Metadata> {
  const metadata = await sharp(bytes, { pages: 1, failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw new InvalidImageError('not_an_image', 'The image header is damaged.', { cause })
    })
  if (!contentTypesOf(metadata).includes(contentType)) {
    throw new InvalidImageError('not_an_image', `The contents are not what ${contentType} may hold.`)
  }
  if (contentType === 'image/tiff' && metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
    throw new InvalidImageError('not_an_image', `Samples of the type ${metadata.depth} are not accepted.`)
  }
  return metadata
}

/** A pipeline that yields the first frame, upright and at this size. */
function uprightAt(
  bytes: Buffer,
  original: {
    contentType: OriginalContentType
    size: PixelSize
    metadata: Metadata
  } & ForeignOptions,
): Sharp {
  const { contentType, size, metadata, maxPixels, failOn } = original
  const frame = contentType === 'image/gif' && !metadata.hasAlpha ? firstFrameOf(bytes, metadata) : undefined
  const image = openForeign(bytes, { maxPixels, failOn })
  if (!frame?.isSmaller) return image.resize({ ...size, fit: 'fill' })
  // What the frame leaves free of the canvas is transparent, which libvips paints black.
  const left = Math.round((frame.left * size.width) / frame.canvas.width)
  const top = Math.round((frame.top * size.height) / frame.canvas.height)
  const width = Math.max(1, Math.round((frame.width * size.width) / frame.canvas.width))
  const height = Math.max(1, Math.round((frame.height * size.height) / frame.canvas.height))
  return image
    .extract({ left: frame.left, top: frame.top, width: frame.width, height: frame.height })
    .resize({ width: Math.min(width, size.width), height: Math.min(height, size.height), fit: 'fill' })
    .ensureAlpha()
    .extend({
      left: Math.min(left, size.width - 1),
      top: Math.min(top, size.height - 1),
      right: Math.max(0, size.width - left - width),
      bottom: Math.max(0, size.height - top - height),
      background: { r: 0, g: 0, b: 0, alpha: 0 },
    })
}

async function decodedHeic(
  bytes: Buffer,
  size: PixelSize,
  { maxPixels, profile, metadata }: { maxPixels: number; profile: Buffer | undefined; metadata: Metadata },
): Promise<Pixels> {
  const deep = metadata.depth === 'ushort'
  const { data, width, height, channels } = await decodeHeic(bytes, { maxPixels, deep })
  const samples = deep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data
  const resized = sharp(samples, { raw: { width, height, channels } }).resize({ ...size, fit: 'fill' })
  return profile ? converted(resized, profile, metadata) : toPixels(resized.toColourspace('srgb'))
}

/** Pixels in the colours of a profile that libvips does not know of. They are few by now, so it costs little to hand them over. */
async function converted(pipeline: Sharp, profile: Buffer, metadata: Metadata): Promise<Pixels> {
  const depth = metadata.depth === 'ushort' ? 'ushort' : 'uchar'
  const { data, info } = await pipeline
    .toColourspace(depth === 'ushort' ? 'rgb16' : 'srgb')
    .raw({ depth })
    .toBuffer({ resolveWithObject: true })
  const channels = info.channels === 4 ? 4 : 3
  const tagged = tiffOf({ data, width: info.width, height: info.height, channels, depth }, profile)
  return toPixels(inSrgb(sharp(tagged), { depth, hasProfile: true }))
}

/**
 * sharp converts embedded profiles to sRGB, but those of 16-bit images to Display P3, which without its profile looks
 * pale (seen with 0.35.5: pure red became 234, 51, 34). Naming the output profile fixes that; it is not attached.
 */
function inSrgb(pipeline: Sharp, { depth, hasProfile }: Pick<Metadata, 'depth' | 'hasProfile'>): Sharp {
  const srgb = pipeline.toColourspace('srgb')
  return depth === 'ushort' && hasProfile ? srgb.withIccProfile('srgb', { attach: false }) : srgb
}

/** What a pipeline yields, as 8-bit pixels. */
export async function toPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels }
}

/** The same pixels, with an alpha. */
export async function toRgba({ data, ...raw }: Pixels): Promise<Buffer> {
  return raw.channels === 4 ? data : sharp(data, { raw }).toColourspace('srgb').ensureAlpha().raw().toBuffer()
}

/** What a pipeline failed with: the image's fault, unless memory or time ran out. */
export function asInvalidImage(error: unknown): unknown {
  if (error instanceof InvalidImageError || isOutOfMemory(error) || /timeout/i.test(messageOf(error)))
    return error
  return new InvalidImageError('not_an_image', 'The pixels cannot be decoded: the data are damaged.', {
    cause: error,
  })
}
