import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { animationFrames, MAX_ANIMATION_PIXELS } from '../../domain/variants.ts'
import {
  damagedAnimation,
  noisyImage,
  photoWithMetadata,
  SECRET,
} from '../../../test/support/factories/images.ts'
import { renderAnimation } from './animation.ts'
import { inspectOriginal } from './inspect.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-animation-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function animate(bytes: Buffer) {
  const file = join(folder, 'original')
  await writeFile(file, bytes)
  const animation = await renderAnimation(file)
  return animation!
}
const inspect = (bytes: Buffer, declaredContentType: string) =>
  inspectOriginal(bytes, { declaredContentType, maxBytes: 10_000_000, maxPixels: 50_000_000 })

/** Red, green and blue. */
async function frames(width = 1000, height = 500) {
  const colours = ['#ff0000', '#00ff00', '#0000ff']
  const size = { width, height, channels: 3 } as const
  const images = colours.map((background) =>
    sharp({ create: { ...size, background } })
      .png()
      .toBuffer(),
  )
  return sharp(await Promise.all(images), { join: { animated: true } })
}
const gif = async (width?: number, height?: number) =>
  (await frames(width, height)).gif({ loop: 0 }).toBuffer()
/** In times of their own, played three times, with metadata. */
const webp = async () =>
  (await frames())
    .withExif({ IFD0: { Artist: SECRET } })
    .webp({ loop: 3, delay: [100, 200, 300] })
    .toBuffer()

describe('an animation', () => {
  it.each([
    ['GIF', () => gif(), { loop: 0 }],
    ['WebP', webp, { loop: 3, delay: [100, 200, 300] }],
  ] as const)('becomes of a %s a WebP of medium size that moves', async (_, make, timing) => {
    const { data, width, height } = await animate(await make())
    expect([width, height]).toEqual([800, 400])
    const metadata = await sharp(data, { animated: true }).metadata()
    expect(metadata).toMatchObject({ format: 'webp', pages: 3, pageHeight: 400, ...timing })
    expect([metadata.exif, metadata.xmp, metadata.icc, data.includes(SECRET)]).toEqual([
      ...[undefined, undefined, undefined],
      false,
    ])
    const shown = [0, 1, 2].map((page) => sharp(data, { page }).removeAlpha().raw().toBuffer())
    const brightest = (await Promise.all(shown)).map((pixels) =>
      pixels.indexOf(Math.max(...pixels.subarray(0, 3))),
    )
    expect(brightest).toEqual([0, 1, 2])
  })

  it('is not enlarged', async () => {
    expect(await animate(await gif(60, 40))).toMatchObject({ width: 60, height: 40 })
  })

  it('is found at the inspection, unless it is too dear', async () => {
    expect(await inspect(await gif(), 'image/gif')).toMatchObject({ animationFrames: 3 })
    expect(await inspect(await webp(), 'image/webp')).toMatchObject({ animationFrames: 3 })
    expect(await inspect(await noisyImage(20, 10).gif().toBuffer(), 'image/gif')).toMatchObject({
      animationFrames: 0,
    })
    expect(await inspect(await photoWithMetadata('webp'), 'image/webp')).toMatchObject({
      animationFrames: 0,
    })
    const size = { width: 1000, height: 1000 }
    const most = MAX_ANIMATION_PIXELS / 1_000_000
    expect([animationFrames(size, most), animationFrames(size, most + 1)]).toEqual([most, 0])
    expect(animationFrames({ width: 1, height: 1 }, 1_000_000)).toBe(0)
  })

  it('whose later frames are damaged is given up, its photo is not', async () => {
    const damaged = await damagedAnimation()
    expect(await inspect(damaged, 'image/webp')).toMatchObject({ animationFrames: 2 })
    await expect(animate(damaged)).rejects.toMatchObject({ code: 'not_an_image' })
  })
})
