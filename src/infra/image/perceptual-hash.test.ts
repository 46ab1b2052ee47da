import { describe, expect, it } from 'vitest'
import { MAX_HASH_DISTANCE } from '../../domain/likeness.ts'
import { hashDistance, perceptualHash } from './perceptual-hash.ts'
import { toPixels } from './original.ts'
import { sharp } from './sharp.ts'

const SIDE = 96
type Draw = (x: number, y: number) => number

/** A picture of so many shades of grey. */
async function hashOf(draw: Draw, { alpha }: { alpha?: Draw } = {}) {
  const channels = alpha ? 4 : 3
  const data = Buffer.alloc(SIDE * SIDE * channels)
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const at = (y * SIDE + x) * channels
      data.fill(Math.max(0, Math.min(255, Math.round(draw(x, y)))), at, at + 3)
      if (alpha) data[at + 3] = alpha(x, y)
    }
  return perceptualHash(await toPixels(sharp(data, { raw: { width: SIDE, height: SIDE, channels } })))
}

/** Seeded waves in all directions. */
function scene(seed: number): Draw {
  const waves = Array.from({ length: 24 }, (_, i) => {
    const turn = (seed * 7.13 + i * 2.39) % (2 * Math.PI)
    const speed = 0.05 + 0.02 * ((seed * 3 + i * 5) % 13)
    return { dx: Math.cos(turn) * speed, dy: Math.sin(turn) * speed, shift: seed * i }
  })
  return (x, y) => waves.reduce((sum, { dx, dy, shift }) => sum + 9 * Math.sin(x * dx + y * dy + shift), 128)
}

describe('perceptualHash()', () => {
  it('is near for a picture that is darker and has less contrast', async () => {
    const [one, other] = [await hashOf(scene(1)), await hashOf((x, y) => 0.7 * scene(1)(x, y) + 10)]
    expect(hashDistance(one!, other!)).toBeLessThanOrEqual(MAX_HASH_DISTANCE)
  })

  it('is far for other pictures', async () => {
    const hashes = await Promise.all([1, 2, 3, 4, 5].map((seed) => hashOf(scene(seed))))
    const distances = hashes.flatMap((one, i) =>
      hashes.slice(i + 1).map((other) => hashDistance(one!, other!)),
    )
    expect(Math.min(...distances)).toBeGreaterThan(MAX_HASH_DISTANCE)
  })

  it('has as many ones as zeros', async () => {
    expect(hashDistance((await hashOf(scene(4)))!, 0n)).toBe(32)
  })

  it.each<[string, Draw]>([
    ['one colour', () => 90],
    ['one colour with noise', (x, y) => 90 + ((x * 7919 + y * 104_729) % 5)],
    ['black', () => 0],
    ['a gradient', (x) => x * 2],
    ['a gradient to a corner', (x, y) => x + y],
    ['a horizon', (_, y) => (y < 40 ? 200 : 60)],
  ])('is absent of %s', async (_, draw) => {
    expect(await hashOf(draw)).toBeUndefined()
  })

  it('sees transparency as white, so that hidden pixels do not count', async () => {
    const isShown: Draw = (x, y) => (Math.hypot(x - 40, y - 50) < 30 || (x > 70 && y > 80) ? 255 : 0)
    const shown: Draw = (x, y) => (isShown(x, y) ? scene(1)(x, y) : scene(2)(x, y))
    const other: Draw = (x, y) => (isShown(x, y) ? scene(1)(x, y) : scene(3)(x, y))
    expect(await hashOf(shown, { alpha: isShown })).toBe(await hashOf(other, { alpha: isShown }))
  })
})

describe('hashDistance()', () => {
  it.each([
    [0n, 0n, 0],
    [0n, 0xffff_ffff_ffff_ffffn, 64],
    [0x8000_0000_0000_0000n, 1n, 2],
    // As Postgres gives it back.
    [-1n, 0xffff_ffff_ffff_ffffn, 0],
  ])('of %d and %d is %d', (one, other, distance) => {
    expect(hashDistance(one, other)).toBe(distance)
  })
})
