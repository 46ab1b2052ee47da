import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Listr } from 'listr2'
import { openDatabase } from '../../src/infra/db/database.ts'
import { originalOf } from '../../src/services/blobs/read-original.ts'
import type { ApiClient, PhotoAnswer } from '../client/api-client.ts'

export interface PhonePhotoOptions {
  /** Of the service, for a look at what is stored. */
  databaseUrl: string
  author: ApiClient
  /** Follows the author. */
  follower: ApiClient
  /** Uploads the same file. */
  other: ApiClient
}

interface Place {
  latitude: number
  longitude: number
}

interface Metadata {
  location?: Place
  camera?: { make: string; model: string }
}

/** What an iPhone stores, with a place in its EXIF; `iphoneHeic` of the tests' factories makes it (docs/testing.md). */
const IPHONE_PHOTO = join(import.meta.dirname, 'iphone.heic')

/** Where it was taken: 51° 30′ 26.1″ N, 0° 7′ 39″ W. */
const PLACE: Place = { latitude: 51.50725, longitude: -0.1275 }

/** What others must not get, as it stands in the file or in an answer. */
const MARKERS: Readonly<Record<string, Buffer>> = {
  'the serial number': Buffer.from('SECRET-SERIAL-4711'),
  'the model of the phone': Buffer.from('iPhone 15 Pro'),
  'a block of XMP': Buffer.from('xmpmeta'),
  'the latitude': gpsRationals([51, 1, 30, 1, 2610, 100]),
  'the latitude in figures': Buffer.from(String(PLACE.latitude)),
}

/** What browsers of three generations ask for. */
const ACCEPTED = ['image/avif,image/webp,*/*', 'image/webp,*/*', 'image/jpeg,*/*;q=0.5']

/**
 * What a follower gets of a phone's photo: pictures without its place, its camera and any other metadata; the place once its
 * owner shares it; and the same file of another user stored only once.
 * @returns the two photos of the file
 * @throws Error at the first part that does not hold
 */
export async function runPhonePhoto(
  options: PhonePhotoOptions,
): Promise<{ ofAuthor: string; ofOther: string }> {
  const { author, follower, other } = options
  const file = await readFile(IPHONE_PHOTO)
  let photoId = ''
  let secondId = ''
  const path = () => `/v1/photos/${photoId}`

  await new Listr(
    [
      {
        title: `${author.username} uploads a HEIC from an iPhone`,
        task: async (_: unknown, task: { title: string }) => {
          expectMarked(file)
          photoId = await uploadHeic(author, file)
          const { location, camera } = await metadataOf(author, photoId)
          expectPlace(location)
          task.title = `HEIC from an ${camera?.make} ${camera?.model}: ${author.username} alone sees that it was taken at ${PLACE.latitude}, ${PLACE.longitude}`
        },
      },
      {
        title: `${follower.username} gets neither place nor original`,
        task: async (_: unknown, task: { title: string }) => {
          for (const answer of ['', '/metadata']) {
            const body: unknown = await follower.call('GET', path() + answer)
            expectClean(`GET ${path()}${answer}`, Buffer.from(JSON.stringify(body)))
          }
          const { status } = await follower.send('GET', `${path()}/original`)
          if (status !== 403 && status !== 404)
            throw new Error(`the original answered ${status} to a follower`)
          task.title = `${follower.username} gets no place, no camera and no original (${status})`
        },
      },
      {
        title: 'Search every byte served',
        task: async (_: unknown, task: { title: string }) => {
          const { files, bytes } = await searchServed(await follower.photo(photoId))
          task.title = `${files} pictures served to ${follower.username}, ${kilobytes(bytes)}: no place, serial number or XMP in any byte`
        },
      },
      {
        title: 'One URL for each size',
        task: async (_: unknown, task: { title: string }) => {
          const { sources } = await follower.photo(photoId)
          const { url, width, height } = sources.at(-1)!
          const served: string[] = []
          for (const accept of ACCEPTED) {
            const { type, body } = await download(url, { Accept: accept })
            served.push(`${type} ${kilobytes(body.length)}`)
          }
          if (new Set(served).size < ACCEPTED.length) throw new Error(`not three formats: ${served.join()}`)
          task.title = `One URL for ${width} × ${height}: by Accept, ${served.join(', ')}`
        },
      },
      {
        title: `${author.username} shares the place`,
        task: async (_: unknown, task: { title: string }) => {
          await author.call('PATCH', path(), { shareLocation: true })
          const { photo } = await follower.call<{ photo: Metadata }>('GET', path())
          expectPlace(photo.location)
          const { location, camera } = await metadataOf(follower, photoId)
          expectPlace(location)
          if (camera !== undefined) throw new Error('the camera is shared with the place')
          task.title = `Shared: ${follower.username} sees the place, and still not the camera`
        },
      },
      {
        title: `${other.username} uploads the same file`,
        task: async (_: unknown, task: { title: string }) => {
          secondId = await uploadHeic(other, file)
          await expectStoredOnce(options.databaseUrl, [photoId, secondId])
          task.title = `${other.username} uploads the same file: two photos, one stored original of ${kilobytes(file.length)}`
        },
      },
    ],
    {
      exitOnError: true,
      rendererOptions: { collapseSubtasks: false },
      fallbackRendererCondition: !process.stdout.isTTY,
    },
  ).run()

  return { ofAuthor: photoId, ofOther: secondId }
}

/** Uploads it for followers and waits for all variants. */
async function uploadHeic(user: ApiClient, file: Buffer): Promise<string> {
  const { photoId } = await user.upload(file, {
    contentType: 'image/heic',
    caption: 'From my phone #london',
    visibility: 'followers',
  })
  const { status, failure } = await user.untilSettled(photoId)
  if (status !== 'ready') throw new Error(`the HEIC failed: ${JSON.stringify(failure)}`)
  await user.untilVariants(photoId)
  return photoId
}

async function metadataOf(user: ApiClient, photoId: string): Promise<Metadata> {
  return (await user.call<{ metadata: Metadata }>('GET', `/v1/photos/${photoId}/metadata`)).metadata
}

/** Looks for the markers in everything that the photo shows: each variant, and each source as every client gets it. */
async function searchServed({ variants, sources }: PhotoAnswer): Promise<{ files: number; bytes: number }> {
  const requests = [
    ...variants.map(({ url }) => ({ url, headers: {} })),
    ...sources.flatMap(({ url }) =>
      ACCEPTED.flatMap((Accept) => [
        { url, headers: { Accept } },
        { url, headers: { Accept, 'Save-Data': 'on' } },
      ]),
    ),
  ]
  const bodies = await Promise.all(
    requests.map(async ({ url, headers }) => {
      const { body } = await download(url, headers)
      expectClean(new URL(url).pathname, body)
      return body
    }),
  )
  return { files: bodies.length, bytes: bodies.reduce((sum, { length }) => sum + length, 0) }
}

async function download(
  url: string,
  headers: Record<string, string>,
): Promise<{ type: string; body: Buffer }> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
  const body = Buffer.from(await response.arrayBuffer())
  if (!response.ok || body.length === 0)
    throw new Error(`${new URL(url).pathname} answered ${response.status}`)
  return { type: response.headers.get('content-type')!.replace('image/', ''), body }
}

const markersIn = (bytes: Buffer) => Object.keys(MARKERS).filter((name) => bytes.includes(MARKERS[name]!))

function expectClean(name: string, bytes: Buffer): void {
  const found = markersIn(bytes)
  if (found.length > 0) throw new Error(`${name} gives away ${found.join(' and ')}`)
}

/** Without markers to find, no search would tell anything. */
function expectMarked(file: Buffer): void {
  const missing = Object.keys(MARKERS).filter((name) => !markersIn(file).includes(name))
  if (missing.join() !== 'the latitude in figures')
    throw new Error(`the demo photo lacks ${missing.join(' and ')}`)
}

function expectPlace(location: Place | undefined): void {
  const isThere = location?.latitude === PLACE.latitude && location.longitude === PLACE.longitude
  if (!isThere) throw new Error(`the place is ${JSON.stringify(location)}`)
}

async function expectStoredOnce(databaseUrl: string, photoIds: readonly string[]): Promise<void> {
  const db = await openDatabase({
    url: databaseUrl,
    poolSize: 1,
    statementTimeoutMs: 10_000,
    applicationName: 'darkroom-demo',
  })
  try {
    const stored = await Promise.all(photoIds.map((photoId) => originalOf(db.primary, photoId)))
    const keys = new Set(stored.map((original) => original?.objectKey))
    if (keys.size !== 1 || keys.has(undefined))
      throw new Error(`the file is stored as ${[...keys].join(' and ')}`)
  } finally {
    await db.close()
  }
}

/** Numbers as EXIF of this file stores them. */
function gpsRationals(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4)
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, index * 4)
  return bytes
}

const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(bytes < 10_240 ? 1 : 0)} kB`
