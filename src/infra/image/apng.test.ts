import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type PngOptions } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_ANIMATION_FRAMES } from '../../domain/variants.ts'
import { madeApng, type MadeChunk, type MadeFrame } from '../../../test/support/factories/apngs.ts'
import { noisyImage } from '../../../test/support/factories/images.ts'
import { renderAnimation } from './animation.ts'
import { readApng } from './apng.ts'
import { inspectOriginal } from './inspect.ts'
import { openOriginal } from './original.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-apng-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function animate(bytes: Buffer) {
  const file = join(folder, 'original')
  await writeFile(file, bytes)
  const animation = await renderAnimation(file)
  return animation!
}
const inspect = (bytes: Buffer) =>
  inspectOriginal(bytes, { declaredContentType: 'image/png', maxBytes: 10_000_000, maxPixels: 50_000_000 })

const CLEAR = [0, 0, 0, 0]
const RED = [255, 0, 0, 255]
const GREEN = [0, 255, 0, 255]
const BLUE = [0, 0, 255, 255]
const WHITE = [255, 255, 255, 255]

function flat(width: number, height: number, [r, g, b, alpha]: number[]) {
  const background = { r: r!, g: g!, b: b!, alpha: alpha! / 255 }
  return sharp({ create: { width, height, channels: 4, background } })
    .png()
    .toBuffer()
}

type At = readonly [x: number, y: number]

/** What each frame shows at these points; a WebP that is not lossless is some levels off. */
async function shownAt(webp: Buffer, points: readonly At[]): Promise<number[][][]> {
  const { pages = 1, width } = await sharp(webp).metadata()
  const shown = Array.from({ length: pages }, async (_, page) => {
    const pixels = await sharp(webp, { page }).ensureAlpha().raw().toBuffer()
    return points.map(([x, y]) => [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x + 1))])
  })
  return Promise.all(shown)
}

function expectAlike(shown: number[][][], expected: number[][][]): void {
  expect(shown.length).toBe(expected.length)
  expected.forEach((points, frame) =>
    points.forEach((pixel, point) => {
      const found = shown[frame]![point]!
      // Of what is transparent, the colour means nothing.
      const far =
        pixel[3] === 0 ? found[3]! : Math.max(...pixel.map((each, at) => Math.abs(each - found[at]!)))
      expect([frame, point, found, far < 24]).toEqual([frame, point, found, true])
    }),
  )
}

/** 60 × 40, of every way to dispose and to blend. */
async function eventful(): Promise<MadeFrame[]> {
  return [
    { png: await flat(60, 40, RED), delay: [1, 2] },
    { png: await flat(16, 16, GREEN), left: 4, top: 8, disposal: 2, delay: [3, 100] },
    { png: await flat(16, 16, [0, 0, 255, 128]), left: 36, top: 8, disposal: 1, blend: 1, delay: [7, 0] },
    { png: await flat(16, 16, WHITE), left: 44, top: 24, delay: [65_535, 1] },
    { png: await flat(16, 16, CLEAR), left: 4, top: 8, blend: 1 },
  ]
}
const POINTS: readonly At[] = [
  [12, 16],
  [44, 16],
  [52, 32],
  [1, 1],
]

describe('an animated PNG', () => {
  it('shows in each frame what its disposal and blending say', async () => {
    const { data, width, height } = await animate(madeApng({ frames: await eventful(), plays: 3 }))
    expect([width, height]).toEqual([60, 40])
    const purple = [127, 0, 128, 255]
    expectAlike(await shownAt(data, POINTS), [
      [RED, RED, RED, RED],
      [GREEN, RED, RED, RED],
      [RED, purple, RED, RED],
      // Its last frame changes nothing, and is shown on with it.
      [RED, CLEAR, WHITE, RED],
    ])
    const metadata = await sharp(data).metadata()
    expect(metadata.loop).toBe(3)
    expect(metadata.delay!.slice(0, 3)).toEqual([500, 30, 70])
  })

  it('begins empty where its first frame is left out of the still picture', async () => {
    const frames: MadeFrame[] = [
      { png: await flat(10, 10, BLUE), left: 20, top: 0, disposal: 2 },
      { png: await flat(30, 20, [0, 255, 0, 128]), blend: 1 },
    ]
    const apng = madeApng({ still: await flat(30, 20, RED), frames })
    const { data } = await animate(apng)
    expectAlike(
      await shownAt(data, [
        [25, 5],
        [5, 15],
      ]),
      [
        [BLUE, CLEAR],
        [
          [0, 255, 0, 128],
          [0, 255, 0, 128],
        ],
      ],
    )
    expect(await inspect(apng)).toMatchObject({ animationFrames: 2, width: 30, height: 20 })
    const { data: still, channels } = await (
      await openOriginal(apng, 'image/png', 1_000)
    ).decode({ width: 30, height: 20 })
    expect([...still.subarray(0, channels)]).toEqual(RED)
  })

  it.each([
    ['16 bits', {}, 'rgb16'],
    ['a palette', { palette: true }, undefined],
    ['interlaced rows', { progressive: true }, undefined],
    ['greys', {}, 'b-w'],
  ] as const)('of %s has the colours of its still picture', async (_, options: PngOptions, space) => {
    const image = noisyImage(32, 24)
    const png = await (space ? image.toColourspace(space) : image).png(options).toBuffer()
    const frames = [{ png }, { png, disposal: 1 }, { png, blend: 1 }]
    const { channels } = await sharp((await animate(madeApng({ frames }))).data).stats()
    const still = await openOriginal(png, 'image/png', 1_000)
    const { data, ...raw } = await still.decode({ width: 32, height: 24 })
    const expected = (await sharp(data, { raw }).toColourspace('srgb').stats()).channels
    channels.slice(0, 3).forEach(({ mean }, at) => {
      expect(Math.abs(mean - (expected[at] ?? expected[0]!).mean)).toBeLessThan(4)
    })
  })

  it('in a wide gamut is converted as its still picture is', async () => {
    const wide = async (background: string) => {
      const create = { width: 32, height: 24, channels: 3, background } as const
      return sharp({ create }).withIccProfile('p3').png().toBuffer()
    }
    const pngs = await Promise.all(['#c04020', '#2040c0'].map(wide))
    const { data } = await animate(madeApng({ frames: pngs.map((png) => ({ png })) }))
    const stored = await sharp(pngs[0], { ignoreIcc: true }).raw().toBuffer()
    // As the profile says, and not as the samples stand in the file.
    expectAlike(await shownAt(data, [[20, 20]]), [[[192, 64, 32, 255]], [[32, 64, 192, 255]]])
    expect(Math.abs(stored[0]! - 192)).toBeGreaterThan(4)
  })

  it('of medium size is scaled, in its time', async () => {
    const frames = await Promise.all([RED, GREEN, BLUE].map(async (c) => ({ png: await flat(1000, 500, c) })))
    const { data, width, height } = await animate(madeApng({ frames }))
    expect([width, height]).toEqual([800, 400])
    expect(await sharp(data).metadata()).toMatchObject({ pages: 3, loop: 0, delay: [100, 100, 100] })
    expectAlike(await shownAt(data, [[400, 200]]), [[RED], [GREEN], [BLUE]])
  })

  it('with damaged pixels in a later frame is given up, its photo is not', async () => {
    const frames = [noisyImage(64, 48), noisyImage(64, 48).negate()].map((image) => image.png().toBuffer())
    const apng = madeApng({
      frames: (await Promise.all(frames)).map((png) => ({ png })),
      change: (chunks) =>
        chunks.map(([type, data]) => [type, type === 'fdAT' ? Buffer.from(data).fill(0xff, 4) : data]),
    })
    expect(await inspect(apng)).toMatchObject({ animationFrames: 2 })
    await expect(animate(apng)).rejects.toMatchObject({ code: 'not_an_image' })
  })
})

/** Changes a byte, and the checksum with it. */
const changed = (type: string, nth: number, change: (data: Buffer) => void) => (chunks: MadeChunk[]) => {
  const at = chunks.map((chunk, index) => (chunk[0] === type ? index : -1)).filter((index) => index >= 0)[nth]
  return chunks.map(([name, data], index): MadeChunk => {
    if (index !== at) return [name, data]
    const copy = Buffer.from(data)
    change(copy)
    return [name, copy]
  })
}
const without = (type: string, nth: number) => (chunks: MadeChunk[]) => {
  let seen = 0
  return chunks.filter(([name]) => name !== type || seen++ !== nth)
}
const moved = (type: string, before: string) => (chunks: MadeChunk[]) => {
  const chunk = chunks.find(([name]) => name === type)!
  const others = chunks.filter((each) => each !== chunk)
  const at = others.findIndex(([name]) => name === before)
  return [...others.slice(0, at), chunk, ...others.slice(at)]
}
describe('a malformed animation of a PNG', () => {
  it.each<[string, (chunks: MadeChunk[]) => MadeChunk[]]>([
    ['no frames', changed('acTL', 0, (data) => data.writeUInt32BE(0))],
    ['fewer frames than announced', changed('acTL', 0, (data) => data.writeUInt32BE(6))],
    ['more frames than announced', changed('acTL', 0, (data) => data.writeUInt32BE(4))],
    ['billions of frames', changed('acTL', 0, (data) => data.writeUInt32BE(0xffff_ffff))],
    ['a short announcement', (chunks) => chunks.map(([t, d]) => [t, t === 'acTL' ? d.subarray(1) : d])],
    ['two announcements', (chunks) => chunks.flatMap((c) => (c[0] === 'acTL' ? [c, c] : [c]))],
    ['an announcement behind the pixels', moved('acTL', 'fdAT')],
    ['an announcement behind a frame', moved('acTL', 'IDAT')],
    ['data out of sequence', changed('fdAT', 1, (data) => data.writeUInt32BE(1))],
    ['a frame out of sequence', changed('fcTL', 2, (data) => data.writeUInt32BE(9))],
    ['a lost part', without('fdAT', 2)],
    ['a lost control', without('fcTL', 2)],
    ['no control before a frame', without('fcTL', 1)],
    ['a first frame smaller than the canvas', changed('fcTL', 0, (data) => data.writeUInt32BE(8, 4))],
    ['a frame outside of the canvas', changed('fcTL', 1, (data) => data.writeUInt32BE(45, 12))],
    ['a frame far outside', changed('fcTL', 1, (data) => data.writeUInt32BE(0xffff_fff8, 16))],
    ['a frame larger than the canvas', changed('fcTL', 3, (data) => data.writeUInt32BE(0x7fff_ffff, 8))],
    ['a frame without width', changed('fcTL', 1, (data) => data.writeUInt32BE(0, 4))],
    ['an unknown disposal', changed('fcTL', 1, (data) => data.writeUInt8(3, 24))],
    ['an unknown blending', changed('fcTL', 1, (data) => data.writeUInt8(2, 25))],
    [
      'data shorter than its number',
      (chunks) => chunks.map(([t, d]) => [t, t === 'fdAT' ? d.subarray(0, 3) : d]),
    ],
  ])('with %s leaves the photo still', async (_, change) => {
    const apng = madeApng({ frames: await eventful(), change })
    expect(await inspect(apng)).toMatchObject({ animationFrames: 0, width: 60, height: 40 })
  })

  it('with more data for the still picture is none', async () => {
    const more: MadeChunk = ['fdAT', Buffer.of(0, 0, 0, 1, 9)]
    const frames = [{ png: await flat(9, 9, RED) }]
    expect(readApng(madeApng({ frames }), 9)).toBeDefined()
    const change = (chunks: MadeChunk[]) => [...chunks.slice(0, -1), more, chunks.at(-1)!]
    expect(readApng(madeApng({ frames, change }), 9)).toBeUndefined()
  })

  it('with a wrong checksum leaves the photo still', async () => {
    for (const type of ['acTL', 'fcTL', 'fdAT']) {
      const apng = madeApng({ frames: await eventful() })
      const at = apng.lastIndexOf(type)
      apng[at + 4 + apng.readUInt32BE(at - 4)]! ^= 1
      expect([type, await inspect(apng)]).toMatchObject([type, { animationFrames: 0 }])
    }
  })

  it('with more frames than are kept is not read to its end', async () => {
    const png = await flat(1, 1, RED)
    const most = madeApng({ frames: Array(MAX_ANIMATION_FRAMES).fill({ png }) as MadeFrame[] })
    const more = madeApng({ frames: Array(MAX_ANIMATION_FRAMES + 1).fill({ png }) as MadeFrame[] })
    expect(readApng(most, MAX_ANIMATION_FRAMES)?.frames).toHaveLength(MAX_ANIMATION_FRAMES)
    expect(readApng(more, MAX_ANIMATION_FRAMES)).toBeUndefined()
  })
})
