import { describe, expect, it } from 'vitest'
import { accepted, refusal } from '../../../test/support/accepted.ts'
import { noisyImage, pixelAt } from '../../../test/support/factories/images.ts'
import { BLOCK_BITS, cut, ended, greyBlocks, renumbered } from '../../../test/support/factories/jpegs.ts'
import { findShortfall } from './jpeg-data.ts'

const jpeg = (progressive: boolean, width = 1600, height = 1200) =>
  noisyImage(width, height).jpeg({ progressive }).toBuffer()

describe('a JPEG that was cut', () => {
  it.each([false, true])('is refused whatever stands behind the cut: progressive %s', async (progressive) => {
    const whole = await jpeg(progressive)
    const second = await noisyImage(320, 240).jpeg({ progressive }).toBuffer()
    for (const share of [0.5, 0.6, 0.75, 0.9, 0.97, 0.98, 0.99, 0.995]) {
      const rest = cut(whole, share)
      for (const file of [ended(rest), Buffer.concat([rest, second]), Buffer.concat([rest, whole]), rest]) {
        expect(await refusal(file, 'image/jpeg'), `cut at ${share}, ${file.length} bytes`).toMatchObject({
          code: 'truncated',
          detail: expect.stringMatching(
            /^The file ends too early: the (last [\d.]+ % of the picture are|end-of-image)/,
          ),
        })
      }
    }
  })

  it('is refused above 0.1 % of made-up blocks, and taken up to there', async () => {
    // Of 2,000 blocks, two are 0.1 %.
    const whole = greyBlocks({ columns: 50, rows: 40 })
    const data = whole.subarray(0, -2)
    const held = (bytes: number) => Math.floor(((2_000 * BLOCK_BITS) / 8 - bytes) * (8 / BLOCK_BITS))
    expect([held(0), held(1), held(2)]).toEqual([2_000, 1_998, 1_996])
    expect(findShortfall(whole)).toEqual({ share: 0, isTail: false })
    expect(findShortfall(ended(data.subarray(0, -1)))).toEqual({
      share: expect.closeTo(0.001, 9),
      isTail: true,
    })
    await accepted(ended(data.subarray(0, -1)), 'image/jpeg')
    expect(await refusal(ended(data.subarray(0, -2)), 'image/jpeg')).toEqual({
      code: 'truncated',
      detail: 'The file ends too early: the last 0.2 % of the picture are missing.',
    })
  })

  it('of several scans is refused at 99.9 % as well', async () => {
    // What is left out is of the last scan, of which it is more than of the file.
    const file = ended(cut(await jpeg(true), 0.999))
    expect(findShortfall(file)!.share).toBeGreaterThan(0.001)
    expect(await refusal(file, 'image/jpeg')).toMatchObject({ code: 'truncated' })
  })
})

describe('restart markers', () => {
  // A hundred rows of an interval each, so that one of them is 1 %.
  const whole = greyBlocks({ columns: 100, rows: 100, restartInterval: 100 })

  it('in their order are read through', async () => {
    expect(findShortfall(whole)).toEqual({ share: 0, isTail: false })
    await accepted(whole, 'image/jpeg')
  })

  it.each([3, 4, 5])('with one number wrong by %i lose nothing', async (wrongBy) => {
    const { picture } = await accepted(renumbered(whole, 40, (40 + wrongBy) % 8), 'image/jpeg')
    expect(await pixelAt(picture, 400, 330)).toEqual([128, 128, 128])
  })

  it.each([1, 2, 6, 7])('with one number wrong by %i lose a row, and say so', async (wrongBy) => {
    const file = renumbered(whole, 40, (40 + wrongBy) % 8)
    expect(await refusal(file, 'image/jpeg')).toEqual({
      code: 'not_an_image',
      detail: expect.stringMatching(
        /^[12]\.0 % of the picture are lost: its restart markers are out of order\.$/,
      ),
    })
  })

  it('that end early are a cut', async () => {
    const marker = whole.indexOf(Buffer.of(0xff, 0xd4), whole.length / 2)
    expect(await refusal(ended(whole.subarray(0, marker)), 'image/jpeg')).toMatchObject({ code: 'truncated' })
  })
})

describe('the header of a scan', () => {
  it.each([
    [0, 0, 0],
    [1, 63, 0],
    [0, 63, 0x21],
    [9, 5, 0xff],
  ] as const)('with odd parameters in a baseline JPEG is ignored: %i %i %i', async (...spectrum) => {
    const whole = greyBlocks({ columns: 40, rows: 30, spectrum })
    const { picture } = await accepted(whole, 'image/jpeg')
    expect(await pixelAt(picture, 9, 9)).toEqual([128, 128, 128])
    expect(await refusal(ended(cut(whole, 0.9)), 'image/jpeg')).toMatchObject({ code: 'truncated' })
  })

  it('with impossible parameters in a progressive JPEG is refused', async () => {
    const file = Buffer.from(await jpeg(true, 300, 200))
    const scan = file.indexOf(Buffer.of(0xff, 0xda))
    const parameters = scan + 2 + file.readUInt16BE(scan + 2) - 3
    for (const [at, value] of [
      [0, 70],
      [1, 70],
      [2, 0xff],
    ] as const) {
      const odd = Buffer.from(file)
      odd[parameters + at] = value
      expect(await refusal(odd, 'image/jpeg'), `${at}: ${value}`).toMatchObject({ code: 'not_an_image' })
    }
  })
})
