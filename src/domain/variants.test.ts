import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitWithin, VARIANT_SPECS, variantSpec, variantSpecsOf } from './variants.ts'

describe('fitWithin', () => {
  it.each([
    [4000, 3000, 800, 800, 800, 600],
    [3000, 4000, 800, 800, 600, 800],
    [800, 800, 800, 800, 800, 800],
    [799, 10, 800, 800, 799, 10],
    [1, 1, 200, 200, 1, 1],
    [1, 20_000, 800, 800, 1, 800],
    [20_000, 1, 200, 200, 200, 1],
    [1601, 1200, 800, 800, 800, 600],
    [1000, 1000, 800, 200, 200, 200],
  ])('%i × %i in %i × %i is %i × %i', (width, height, boxWidth, boxHeight, fitWidth, fitHeight) => {
    expect(fitWithin(width, height, { width: boxWidth, height: boxHeight })).toEqual({
      width: fitWidth,
      height: fitHeight,
    })
  })

  it('shrinks only, stays in the box and keeps the aspect within a pixel', () => {
    const length = fc.integer({ min: 1, max: 70_000 })
    fc.assert(
      fc.property(length, length, fc.constantFrom(200, 800), (width, height, side) => {
        const fit = fitWithin(width, height, { width: side, height: side })
        expect(fit.width).toBeLessThanOrEqual(Math.min(width, side))
        expect(fit.height).toBeLessThanOrEqual(Math.min(height, side))
        expect(Math.min(fit.width, fit.height)).toBeGreaterThanOrEqual(1)
        if (Math.max(width, height) > side) expect(Math.max(fit.width, fit.height)).toBe(side)
        const scale = Math.max(fit.width, fit.height) / Math.max(width, height)
        expect(
          Math.abs(Math.min(fit.width, fit.height) - Math.min(width, height) * scale),
        ).toBeLessThanOrEqual(1)
      }),
    )
  })

  it.each([0, -1, Number.NaN, Infinity])('refuses %d as a length', (length) => {
    expect(() => fitWithin(length, 10, { width: 200, height: 200 })).toThrow(RangeError)
  })
})

it('specs list each variant in each format once', () => {
  const names = VARIANT_SPECS.map(({ variant, format }) => `${variant}.${format}`)
  expect(new Set(names).size).toBe(names.length)
  for (const size of ['thumb_200', 'thumb_400', 'medium_800', 'large_2048'])
    for (const format of ['jpeg', 'webp', 'avif']) expect(names).toContain(`${size}.${format}`)
  for (const spec of VARIANT_SPECS) expect(variantSpec(spec.variant, spec.format)).toEqual(spec)
})

describe('variantSpecsOf', () => {
  it.each([
    [4000, 3000, 'thumb_200 thumb_400 medium_800 large_2048'],
    [2048, 1, 'thumb_200 thumb_400 medium_800 large_2048'],
    [801, 600, 'thumb_200 thumb_400 medium_800 large_2048'],
    [600, 800, 'thumb_200 thumb_400 medium_800'],
    [401, 10, 'thumb_200 thumb_400 medium_800'],
    [400, 300, 'thumb_200 medium_800'],
    [201, 201, 'thumb_200 medium_800'],
    [200, 100, 'thumb_200 medium_800'],
    [1, 1, 'thumb_200 medium_800'],
  ])('gives %i × %i the sizes %s in every format', (width, height, sizes) => {
    const specs = variantSpecsOf({ width, height })
    expect([...new Set(specs.map(({ variant }) => variant))].join(' ')).toBe(sizes)
    expect(specs).toHaveLength(sizes.split(' ').length * 3)
  })

  it('leaves out no pixels: any size looks as one that is stored', () => {
    const length = fc.integer({ min: 1, max: 5_000 })
    fc.assert(
      fc.property(length, length, (width, height) => {
        const stored = variantSpecsOf({ width, height }).map(({ box }) => fitWithin(width, height, box))
        for (const { box } of VARIANT_SPECS) expect(stored).toContainEqual(fitWithin(width, height, box))
      }),
    )
  })
})
