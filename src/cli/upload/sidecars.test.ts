import { describe, expect, it } from 'vitest'
import { findSidecar, parseSidecar } from './sidecars.ts'

const find = (photo: string, ...names: string[]) => findSidecar(`/album/${photo}`, new Set(names))

describe('the sidecar of a photo', () => {
  it.each([
    ['IMG_1.jpg', 'IMG_1.jpg.json'],
    ['IMG_1.jpg', 'IMG_1.jpg.supplemental-metadata.json'],
    ['IMG_1(2).jpg', 'IMG_1.jpg(2).json'],
    ['IMG_1(2).jpg', 'IMG_1.jpg.supplemental-metadata(2).json'],
    ['IMG_1-edited.jpg', 'IMG_1.jpg.json'],
    ['IMG_1-bearbeitet(1).jpg', 'IMG_1.jpg(1).json'],
    // 46 characters, and `.json`.
    ['20200704_193045_a_long_name_of_a_panorama.jpg', '20200704_193045_a_long_name_of_a_panorama.jpg..json'],
    ['PXL_20230704_193045123.PORTRAIT.ORIGINAL.jpg', 'PXL_20230704_193045123.PORTRAIT.ORIGINAL.jpg.s.json'],
    [
      'Screenshot_20230704-193045_a_very_long_name_indeed.png',
      'Screenshot_20230704-193045_a_very_long_name_in.json',
    ],
    ['IMG_1.HEIC', 'IMG_1.json'],
  ])('of %s is %s', (photo, name) => {
    expect(find(photo, 'other.jpg.json', name)).toBe(`/album/${name}`)
  })

  it('is its own rather than that of another number', () => {
    expect(find('IMG_1.jpg', 'IMG_1.jpg(1).json')).toBeUndefined()
    expect(find('IMG_1(1).jpg', 'IMG_1.jpg.json')).toBeUndefined()
    expect(find('IMG_1-edited.jpg', 'IMG_1-edited.jpg.json', 'IMG_1.jpg.json')).toBe(
      '/album/IMG_1-edited.jpg.json',
    )
  })
})

describe('what a sidecar says', () => {
  const said = {
    title: 'IMG_1.jpg',
    description: ' On the ridge \n',
    photoTakenTime: { timestamp: '1593891045', formatted: '4 Jul 2020, 19:30:45 UTC' },
    geoData: { latitude: 47.5, longitude: -8.5, altitude: 400, latitudeSpan: 0, longitudeSpan: 0 },
  }

  it('is the description, the time in UTC and the place', () => {
    expect(parseSidecar(JSON.stringify(said))).toEqual({
      description: 'On the ridge',
      takenAt: new Date('2020-07-04T19:30:45Z'),
      location: { latitude: 47.5, longitude: -8.5 },
    })
  })

  it('is no place if it is 0, 0 or none on earth, and then that of the file', () => {
    const nowhere = { latitude: 0, longitude: 0 }
    const exif = { latitude: 1, longitude: 0 }
    expect(parseSidecar(JSON.stringify({ geoData: nowhere }))).toEqual({})
    expect(parseSidecar(JSON.stringify({ geoData: nowhere, geoDataExif: exif })).location).toEqual(exif)
    expect(parseSidecar(JSON.stringify({ geoData: { latitude: 91, longitude: 0 } }))).toEqual({})
  })

  it.each(['', '[]', '{"photoTakenTime": {"timestamp": "soon"}}', '{"geoData": {"latitude": "north"}}'])(
    'is refused if it is broken: %s',
    (json) => {
      expect(() => parseSidecar(json)).toThrow()
    },
  )
})
