import { sharp } from '../src/infra/image/sharp.ts'

/** Mulberry32: a small seeded generator, so that every run measures the same photo. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The smallest and largest radius of a leaf, as a fraction of the image's longer side. */
const leafRadius = { smallest: 0.002, largest: 0.15 }
const leavesPerImage = 30_000
/** Peak-to-peak sensor noise in 8-bit steps, about that of a phone in daylight. */
const sensorNoise = 18

/**
 * Pixels with the statistics of a photograph by the "dead leaves" model (Lee, Mumford, Huang 2001): opaque discs that hide
 * each other, radii by an inverse cube law, which gives edges at every scale and the 1/f spectrum of natural scenes.
 * Each leaf is shaded, and sensor noise lies over all. 8-bit sRGB, interleaved; the same bytes for the same seed.
 */
function photoPixels(width: number, height: number, seed = 1): Buffer {
  const random = seededRandom(seed)
  const pixels = Buffer.alloc(width * height * 3, 120)
  for (let leaf = 0; leaf < leavesPerImage; leaf++) drawLeaf(pixels, width, height, random)
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.max(0, Math.min(255, pixels[i]! + sensorNoise * (random() - 0.5)))
  }
  return pixels
}

function drawLeaf(pixels: Buffer, width: number, height: number, random: () => number): void {
  const longer = Math.max(width, height)
  const { smallest, largest } = leafRadius
  const inverseSquare = smallest ** -2 - random() * (smallest ** -2 - largest ** -2)
  const radius = Math.max(1, inverseSquare ** -0.5 * longer)
  const [centreX, centreY] = [random() * width, random() * height]
  const light = 30 + 190 * random()
  const colour = [0, 1, 2].map(() => light + 70 * (random() - 0.5))
  const shading = (60 * (random() - 0.5)) / radius
  for (let y = Math.max(0, Math.ceil(centreY - radius)); y < Math.min(height, centreY + radius); y++) {
    const half = Math.sqrt(radius ** 2 - (y - centreY) ** 2)
    for (let x = Math.max(0, Math.ceil(centreX - half)); x < Math.min(width, centreX + half); x++) {
      for (let c = 0; c < 3; c++) {
        const value = colour[c]! + shading * (y - centreY + x - centreX)
        pixels[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, value))
      }
    }
  }
}

/**
 * A JPEG as a phone writes it: 4:2:0, quality 90. With an `orientation` other than 1, it is stored as given and marked to be
 * turned.
 */
export async function photoJpeg(
  width: number,
  height: number,
  { seed = 1, orientation = 1 }: { seed?: number; orientation?: number } = {},
): Promise<Buffer> {
  const pixels = photoPixels(width, height, seed)
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation })
    .jpeg({ quality: 90 })
    .toBuffer()
}
