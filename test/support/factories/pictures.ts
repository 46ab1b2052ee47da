import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

/** A small JPEG unlike any other. */
export async function smallJpeg(width = 1200, height = 800): Promise<Buffer> {
  const [r, g, b] = randomBytes(3)
  return sharp({ create: { width, height, channels: 3, background: { r: r!, g: g!, b: b! } } })
    .composite([{ input: await noise(64, 64), left: 8, top: 8 }])
    .jpeg()
    .toBuffer()
}

/** Blots of colour, unlike any other picture, that are recognised by their perceptual hash. */
export async function blots(width: number, height: number): Promise<Buffer> {
  return sharp(randomBytes(20 * 15 * 3), { raw: { width: 20, height: 15, channels: 3 } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .jpeg({ quality: 92 })
    .toBuffer()
}

/** A JPEG that takes the media worker a second or more: noise resists compression. */
export async function slowJpeg(megapixels = 40): Promise<Buffer> {
  const width = 8_000
  const height = Math.round((megapixels * 1e6) / width)
  return sharp(await noise(500, 500))
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .jpeg({ quality: 80 })
    .toBuffer()
}

async function noise(width: number, height: number): Promise<Buffer> {
  return sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}
