import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { storageOf } from '../../src/infra/s3/storage-of.ts'
import { openDatabase, type Database } from '../../src/infra/db/database.ts'
import { openObjectStore, type ObjectStore } from '../../src/infra/s3/object-store.ts'
import { ApiClient, type PhotoAnswer } from '../../stack/client/api-client.ts'
import { noisyImage } from '../support/factories/images.ts'
import { buildStoredPhoto, type StoredPhoto } from '../support/factories/stored-originals.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { runDarkroom } from '../support/servers/cli-processes.ts'
import { checkZip, unzipped } from '../support/worlds/export-world.ts'

interface ExportAnswer {
  id: string
  status: string
  progress: { bytes: number; photos: number }
  url?: string
}

/** What of a photo an import takes along. */
const kept = ({
  caption,
  altText,
  tags,
  visibility,
  takenAt,
  location,
  allowDownload,
  sensitive,
}: PhotoAnswer & Record<string, unknown>) => ({
  caption,
  altText,
  tags,
  visibility,
  takenAt,
  location,
  allowDownload,
  sensitive,
})

/** An account takes everything along, by real processes. */
describe('an account that moves', () => {
  let app: App
  let db: Database
  let objects: ObjectStore
  let folder: string
  const run = randomBytes(4).toString('hex')

  beforeAll(async () => {
    app = await startApp({ storageEvents: false, processes: ['api', 'orchestration', 'media'] })
    const config = loadConfig(process.env)
    db = await openDatabase({
      url: config.DATABASE_URL,
      poolSize: 2,
      statementTimeoutMs: 15_000,
      applicationName: 'export-test',
    })
    objects = openObjectStore({
      ...storageOf(config),
      bucket: config.S3_BUCKET,
    })
    folder = await mkdtemp(join(tmpdir(), 'darkroom-test-import-'))
  })
  afterAll(async () => {
    await app?.stop()
    await db?.close()
    objects?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  const exportOf = async (client: ApiClient, id: string) =>
    (await client.call<{ export: ExportAnswer }>('GET', `/v1/me/exports/${id}`)).export
  const ask = async (client: ApiClient) =>
    (await client.call<{ export: ExportAnswer }>('POST', '/v1/me/exports')).export.id

  async function archiveOf(client: ApiClient, id: string): Promise<Buffer> {
    let found: ExportAnswer | undefined
    await client.until(
      'its archive is ready',
      async () => (found = await exportOf(client, id)).status === 'ready',
      60_000,
    )
    const zip = Buffer.from(await (await fetch(found!.url!)).arrayBuffer())
    expect(await checkZip(zip)).toBe('Done testing')
    return zip
  }

  it('gets its archive although the worker is killed midway', { timeout: 120_000 }, async () => {
    const client = await new ApiClient(app.url).signUp(`leaver-${run}`)
    const { user } = await client.call<{ user: { id: string } }>('GET', '/v1/me')
    const photos: StoredPhoto[] = []
    for (let count = 0; count < 30; count++)
      photos.push(
        await buildStoredPhoto({ db, objects }, user.id, { body: randomBytes(8 * 1024 ** 2 - count) }),
      )
    const id = await ask(client)
    await client.until(
      'parts are there',
      async () => (await exportOf(client, id)).progress.photos > 3,
      30_000,
      5,
    )
    await app.kill('orchestration')
    const before = await exportOf(client, id)
    expect(before.status).toBe('preparing')
    expect(before.progress.photos).toBeLessThan(photos.length)
    await app.start('orchestration')
    const zip = await archiveOf(client, id)
    const bodies = new Set([...(await unzipped(zip)).values()].map((body) => body.toString('base64')))
    for (const { body } of photos) expect(bodies.has(body.toString('base64'))).toBe(true)
    await client.call('DELETE', `/v1/me/exports/${id}`)
    await client.until(
      'nothing is stored',
      async () => (await objects.head(`exports/${id}.zip`)) === undefined,
      30_000,
    )
  })

  it('finds photos and albums at another account as they were', { timeout: 180_000 }, async () => {
    const ann = await new ApiClient(app.url).signUp(`ann-${run}`)
    const descriptions = [
      { caption: 'On the #ridge', visibility: 'private', takenAt: '2020-07-04T21:30:45+02:00' },
      { altText: 'A <quay>', visibility: 'followers', location: { latitude: 47.5, longitude: 8.5 } },
      { caption: '日本 "x" & y', visibility: 'public', allowDownload: true, sensitive: true },
    ]
    const ids: string[] = []
    for (const [index, { visibility, ...rest }] of descriptions.entries()) {
      const bytes = await noisyImage(300, 200 + index)
        .jpeg()
        .toBuffer()
      const { photoId } = await ann.upload(bytes, {
        contentType: 'image/jpeg',
        visibility,
      })
      await ann.call('POST', `/v1/photos/${photoId}/complete`, undefined, [200, 202])
      await ann.untilVariants(photoId, 60_000)
      await ann.call('PATCH', `/v1/photos/${photoId}`, rest)
      ids.push(photoId)
    }
    const { album } = await ann.call<{ album: { id: string } }>('POST', '/v1/albums', {
      title: 'Fog',
      description: 'In the morning',
      visibility: 'private',
    })
    for (const id of [ids[2], ids[0]]) await ann.call('PUT', `/v1/albums/${album.id}/photos/${id}`, {})

    const zip = join(folder, 'export.zip')
    await writeFile(zip, await archiveOf(ann, await ask(ann)))
    const bob = await new ApiClient(app.url).signUp(`bob-${run}`)
    const imported = () =>
      runDarkroom(['import', zip, '--server', app.url, '--user', bob.username, '--json'], {
        DARKROOM_PASSWORD: `password of ${bob.username}`,
      }).ended
    const linesOf = ({ stdout }: { stdout: string }) =>
      stdout
        .trim()
        .split('\n')
        .map((line): Record<string, unknown> => JSON.parse(line) as never)
    const first = await imported()
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(linesOf(first).filter(({ outcome }) => outcome === 'uploaded')).toHaveLength(3)
    expect(linesOf(first).at(-1)).toEqual({ album: 'Fog', outcome: 'created', photos: 2, missing: 0 })

    const photosOf = async (client: ApiClient) =>
      (await client.walk<PhotoAnswer>(`/v1/users/${client.username}/photos`, 100)).map((photo) =>
        kept(photo as never),
      )
    const sorted = (all: object[]) => all.map((one) => JSON.stringify(one)).sort()
    expect(sorted(await photosOf(bob))).toEqual(sorted(await photosOf(ann)))
    const [theirs] = await bob.walk<{ id: string; title: string; description: string; visibility: string }>(
      '/v1/me/albums',
    )
    expect(theirs).toMatchObject({ title: 'Fog', description: 'In the morning', visibility: 'private' })
    const captions = (await bob.walk<PhotoAnswer>(`/v1/albums/${theirs!.id}/photos`)).map(
      ({ caption }) => caption,
    )
    expect(captions).toEqual(['日本 "x" & y', 'On the #ridge'])

    // Once more: all of it is there.
    const second = await imported()
    expect(second.code).toBe(0)
    expect(linesOf(second).filter(({ outcome }) => outcome === 'present')).toHaveLength(4)
    expect(await bob.walk('/v1/me/albums')).toHaveLength(1)
    expect(await photosOf(bob)).toHaveLength(3)
  })

  it('brings along what Google Takeout made of it', { timeout: 120_000 }, async () => {
    const album = join(folder, 'Takeout', 'Photos from 2020')
    await mkdir(album, { recursive: true })
    const drawn = sharp({ create: { width: 50, height: 40, channels: 3, background: 'blue' } })
    await writeFile(join(album, 'drawn.png'), await drawn.png().toBuffer())
    const sidecar = {
      description: 'On the lake',
      photoTakenTime: { timestamp: '1593891045' },
      geoData: { latitude: 47.5, longitude: 8.5 },
    }
    await writeFile(join(album, 'drawn.png.json'), JSON.stringify(sidecar))
    const zip = join(folder, 'takeout.zip')
    await promisify(execFile)('python3', ['-m', 'zipfile', '-c', zip, join(folder, 'Takeout')])
    const eve = await new ApiClient(app.url).signUp(`eve-${run}`)
    const { code, stdout } = await runDarkroom(['import', zip, '--server', app.url, '--user', eve.username], {
      DARKROOM_PASSWORD: `password of ${eve.username}`,
    }).ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 uploaded\n' })
    expect(await eve.walk(`/v1/users/${eve.username}/photos`)).toMatchObject([
      {
        caption: 'On the lake',
        takenAt: '2020-07-04T19:30:45+00:00',
        location: { latitude: 47.5, longitude: 8.5 },
      },
    ])
  })
})
