import fc from 'fast-check'
import sharp from 'sharp'
import type { Exif } from 'sharp'
import { describe, expect, it } from 'vitest'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { readExif } from './exif.ts'
import { exifOf } from '../../../test/support/factories/exif.ts'
import { CAMERA_EXIF, flatImage } from '../../../test/support/factories/images.ts'

/** The raw EXIF block that an image with these tags carries. */
async function exifBlock(exif: Exif): Promise<Buffer> {
  const jpeg = await flatImage(2, 2, { r: 0, g: 0, b: 0 }).withExif(exif).jpeg().toBuffer()
  return (await sharp(jpeg).metadata()).exif!
}

const taken = (DateTimeOriginal: string, OffsetTimeOriginal = '+02:00'): Exif => ({
  IFD2: { DateTimeOriginal, OffsetTimeOriginal },
})
const made = (Make: string, Model: string): Exif => ({ IFD0: { Make, Model } })
const place = (latitude: string, longitude: string, refs = 'NE', more = {}): Exif => ({
  IFD3: {
    GPSLatitudeRef: refs[0]!,
    GPSLatitude: latitude,
    GPSLongitudeRef: refs[1]!,
    GPSLongitude: longitude,
    ...more,
  },
})

describe('readExif', () => {
  it('reads time, camera and place', async () => {
    expect(readExif(await exifBlock(CAMERA_EXIF))).toEqual({
      takenAt: { local: '2024-05-01T12:34:56', offsetMinutes: 120 },
      camera: 'Canon EOS R6',
      cameraMake: 'Canon',
      cameraModel: 'Canon EOS R6',
      location: { latitude: 51.50725, longitude: -0.1275 },
    })
  })

  it.each([
    '2024:02:30 12:00:00',
    '2024:13:01 12:00:00',
    '0000:00:00 00:00:00',
    '2024:08:19 24:08:19',
    '0840:01:01 00:00:00',
    '12024:01:01 00:00:00',
    '1700:01:01 00:00:00',
    'yesterday',
  ])('drops the impossible time %s and its offset', async (time) => {
    expect(readExif(await exifBlock(taken(time)))).toEqual({})
  })

  it('drops future times that no time zone explains', async () => {
    const block = await exifBlock(taken('2024:05:01 12:00:00'))
    expect(readExif(block, new Date('2024-05-01T00:00:00Z'))).toMatchObject({
      takenAt: { local: '2024-05-01T12:00:00' },
    })
    expect(readExif(block, new Date('2024-04-28T00:00:00Z'))).toEqual({})
  })

  it.each(['+25:00', 'Z', '0200', '   :  '])(
    'drops the impossible offset %s but keeps the time',
    async (offset) => {
      expect(readExif(await exifBlock(taken('2024:05:01 12:00:00', offset)))).toEqual({
        takenAt: { local: '2024-05-01T12:00:00', offsetMinutes: null },
      })
    },
  )

  it.each([
    ['Canon', 'Canon EOS R6', 'Canon EOS R6'],
    ['Apple', 'iPhone 15', 'Apple iPhone 15'],
    ['  NIKON \t ', ' D90\r\n ', 'NIKON D90'],
    [' ', 'K-1', 'K-1'],
    ['Leica', ' ', 'Leica'],
    ['A'.repeat(300), 'B', 'A'.repeat(MAX_CHARACTERS.camera)],
  ])('joins %j and %j into the camera %j', async (make, model, camera) => {
    expect(readExif(await exifBlock(made(make, model))).camera).toBe(camera)
  })

  it('reads UTF-8 and invalid bytes', async () => {
    const block = await exifBlock(made('Z__rich', 'X__'))
    block.write('ü', block.indexOf('Z__rich') + 1)
    block.set([0xff, 0x00], block.indexOf('X__') + 1)
    expect(readExif(block).camera).toBe('Zürich X')
  })

  it.each([
    ['90/1 0/1 0/1', '180/1 0/1 0/1', 'SW', { latitude: -90, longitude: -180 }],
    ['10/1 3030/100 0/1', '20/1 0/1 0/1', 'NE', { latitude: 10.505, longitude: 20 }],
    ['91/1 0/1 0/1', '20/1 0/1 0/1', 'NE', undefined],
    ['10/1 0/1 0/1', '181/1 0/1 0/1', 'NE', undefined],
    ['90/1 1/1 0/1', '20/1 0/1 0/1', 'NE', undefined],
    ['10/1 99/1 0/1', '20/1 0/1 0/1', 'NE', undefined],
    ['10/0 0/1 0/1', '20/1 0/1 0/1', 'NE', undefined],
    ['0/0 0/0 0/0', '0/0 0/0 0/0', 'NE', undefined],
    ['0/1 0/1 0/1', '0/1 0/1 0/1', 'NE', undefined],
    ['10/1 0/1 0/1', '20/1 0/1 0/1', 'XX', undefined],
  ])('reads %s, %s (%s) as %j', async (latitude, longitude, refs, location) => {
    expect(readExif(await exifBlock(place(latitude, longitude, refs))).location).toEqual(location)
  })

  it.each([
    ['an exact 0 north', [0], [8.5], { latitude: 0, longitude: 8.5 }],
    ['an exact 0 east', [51, 28, 40], [0], { latitude: 51.477778, longitude: 0 }],
    ['one rational instead of three', [47.366667], [8.55], { latitude: 47.366667, longitude: 8.55 }],
    ['degrees and minutes', [47, 22.5], [8, 33], { latitude: 47.375, longitude: 8.55 }],
    ['nothing but zeros', [0], [0], undefined],
    ['no denominator', [Number.NaN], [8], undefined],
    ['four numbers', [47, 1, 1, 1], [8], undefined],
  ])('reads %s', (_what, latitude, longitude, location) => {
    expect(readExif(exifOf({ gps: { latitude, longitude } })).location).toEqual(location)
  })

  it('reads heights above and below the sea', () => {
    const at = (altitude: number, ref: number) =>
      readExif(exifOf({ gps: { latitude: [31.5], longitude: [35.5], altitude, altitudeRef: ref } })).altitude
    expect(at(408.5, 0)).toBe(408.5)
    expect(at(430, 1)).toBe(-430)
    expect(at(90_000, 0)).toBeUndefined()
    expect(at(Number.NaN, 0)).toBeUndefined()
  })

  it('reads how the camera was set', async () => {
    const block = await exifBlock({
      IFD2: {
        ExposureTime: '1/250',
        FNumber: '28/10',
        ISOSpeedRatings: '160',
        FocalLength: '23/1',
        FocalLengthIn35mmFilm: '35',
        Flash: '25',
        LensModel: ' XF23mmF1.4 R ',
      },
    })
    expect(readExif(block)).toEqual({
      exposureSeconds: 0.004,
      fNumber: 2.8,
      iso: 160,
      focalLength: 23,
      equivalentFocalLength: 35,
      flash: true,
      lens: 'XF23mmF1.4 R',
    })
  })

  it('drops settings that no camera has', async () => {
    const block = await exifBlock({
      IFD2: { ExposureTime: '0/0', FNumber: '0/1', ISOSpeedRatings: '0', FocalLength: '0/10', Flash: '24' },
    })
    expect(readExif(block)).toEqual({ flash: false })
  })

  it('takes neither time nor offset from the edit', async () => {
    const block = await exifBlock({
      IFD0: { DateTime: '2025:01:01 08:00:00' },
      IFD2: { DateTimeOriginal: '2024:05:01 12:00:00', OffsetTime: '+09:00' },
    })
    expect(readExif(block)).toEqual({ takenAt: { local: '2024-05-01T12:00:00', offsetMinutes: null } })
  })

  it('drops a location that the receiver marks as void', async () => {
    const block = await exifBlock(place('10/1 0/1 0/1', '20/1 0/1 0/1', 'NE', { GPSStatus: 'V' }))
    expect(readExif(block)).toEqual({})
  })
})

describe('hostile EXIF', () => {
  it('never throws and only returns the documented shape', async () => {
    const block = await exifBlock(CAMERA_EXIF)
    const edits = fc.array(fc.tuple(fc.nat(block.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(edits, fc.nat(block.length), (bytes, length) => {
        const damaged = Buffer.from(block)
        for (const [at, value] of bytes) damaged[at] = value
        const read = readExif(damaged.subarray(0, length))
        expect(read.takenAt?.local ?? '2024-05-01T12:34:56').toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
        expect(read.camera ?? '').toMatch(/^[^\p{C}]{0,200}$/u)
        expect(Math.abs(read.location?.latitude ?? 0)).toBeLessThanOrEqual(90)
        expect(Math.abs(read.location?.longitude ?? 0)).toBeLessThanOrEqual(180)
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => readExif(Buffer.from(noise)) !== undefined),
    )
  })

  it.each([
    ['one-byte numbers', 1],
    ['texts', 2],
    ['undefined bytes', 7],
  ])('reads thousands of tags that each declare the block as %s cheaply', (_what, type) => {
    const block = Buffer.alloc(65_000)
    block.write('Exif\0\0II*\0\x08\0\0\0', 'latin1')
    const tags = 5_000
    block.writeUInt16LE(tags, 14)
    for (let i = 0; i < tags; i++) {
      const at = 16 + 12 * i
      block.writeUInt16LE(40_000 + i, at)
      block.writeUInt16LE(type, at + 2)
      block.writeUInt32LE(65_000, at + 4)
      block.writeUInt32LE(8, at + 8)
    }
    const before = process.cpuUsage()
    expect(readExif(block)).toEqual({})
    // Unmetered this takes seconds (and gigabytes); the limit is far from either.
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(1)
  })

  it('returns nothing for nothing', () => {
    expect(readExif(undefined)).toEqual({})
    expect(readExif(Buffer.alloc(0))).toEqual({})
  })
})
