import { beforeAll, describe, expect, it } from 'vitest'
import { openPlaces, type PlaceOf } from './places.ts'

let placeOf: PlaceOf
beforeAll(async () => {
  placeOf = await openPlaces()
})

const at = (latitude: number, longitude: number) => placeOf({ latitude, longitude })

describe('the place of a location', () => {
  it('is city, region and country', () => {
    expect(at(47.0505, 8.3064)).toEqual({
      city: 'Luzern',
      region: 'Lucerne',
      country: 'Switzerland',
      countryCode: 'CH',
    })
    expect(at(-33.8568, 151.2153)).toMatchObject({ region: 'New South Wales', countryCode: 'AU' })
    expect(at(40.6892, -74.0445)).toMatchObject({ countryCode: 'US' })
  })

  it.each([
    ['the Vatican in Rome', 41.9022, 12.4533, 'VA'],
    ['Lesotho in South Africa', -29.6, 28.2, 'LS'],
    ['San Marino in Italy', 43.936, 12.447, 'SM'],
    ['Büsingen, of Germany in Switzerland', 47.697, 8.69, 'DE'],
    ['Baarle-Hertog, of Belgium in the Netherlands', 51.4405, 4.9297, 'BE'],
    ['a border, on the side of Mexico', 32.5283, -117.0187, 'MX'],
    ['French Guiana, with a code of its own', 4.9333, -52.3333, 'GF'],
    ['Fiji, east of the 180th meridian', -16.8, -179.98, 'FJ'],
    ['Fiji, west of it', -16.8, 179.98, 'FJ'],
    ['Fiji, on it', -16.8, 180, 'FJ'],
    ['Crimea, as the borders have it', 44.9521, 34.1024, 'RU'],
  ])('has the country of %s', (_what, latitude, longitude, code) => {
    expect(at(latitude, longitude)).toMatchObject({ countryCode: code })
  })

  it('has no city where none is within 30 km in the country', () => {
    expect(at(-25.5, 128.5)).toEqual({
      city: null,
      region: null,
      country: 'Australia',
      countryCode: 'AU',
    })
  })

  it('never has the city of a neighbour', () => {
    // Konstanz begins at the fence of Kreuzlingen.
    expect(at(47.6565, 9.1675)?.countryCode).toBe('CH')
    expect(at(47.6565, 9.1675)?.region).toBe('Thurgau')
  })

  it.each([
    ['the Atlantic', 30, -40],
    ['the north pole', 90, 0],
    ['where zero meets zero', 0, 0],
  ])('is none at %s', (_what, latitude, longitude) => {
    expect(at(latitude, longitude)).toBeNull()
  })

  it('is some place or none for any location', () => {
    for (let latitude = -90; latitude <= 90; latitude += 7.5)
      for (let longitude = -180; longitude <= 180; longitude += 7.5)
        expect(() => at(latitude, longitude)).not.toThrow()
  })
})
