import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storageOf } from '../../../src/infra/s3/storage-of.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import { openArchive } from '../../../src/infra/s3/archive.ts'
import { askForOriginals } from '../../../src/services/exports/ask-for-originals.ts'
import { exportKey } from '../../../src/services/exports/export-row.ts'
import { sweepExports } from '../../../src/services/exports/sweep-exports.ts'
import { deletePhoto } from '../../support/factories/photos.ts'
import { buildStoredPhoto, cool, type StoredPhoto } from '../../support/factories/stored-originals.ts'
import { Killed } from '../../support/mortal.ts'
import { openGlacierProxy } from '../../support/servers/glacier-proxy.ts'
import {
  checkZip,
  openExportWorld,
  SMALLEST_PART_BYTES,
  unzipped,
  type ExportWorld,
} from '../../support/worlds/export-world.ts'

/** More calls to servers than an export of a few photos makes. */
const MOST_CALLS = 150

let world: ExportWorld
beforeAll(async () => {
  world = await openExportWorld()
})
afterAll(() => world?.close())

const stored = (owner: UserId, bytes = 1_000, options = {}) =>
  buildStoredPhoto(world, owner, { body: randomBytes(bytes), ...options })

/** What becomes of an export, read by others; fails unless each of these photos is in it, byte by byte. */
async function readyArchive(exportId: string, photos: readonly StoredPhoto[]) {
  const zip = await world.download(exportId)
  expect(await checkZip(zip)).toBe('Done testing')
  const files = await unzipped(zip)
  const json = (name: string) => JSON.parse(files.get(name)!.toString()) as never
  const listed: { id: string; file: string }[] = json('data/photos-0001.json')
  expect(listed.map(({ id }) => id)).toEqual(photos.map(({ photoId }) => photoId))
  for (const [index, { file }] of listed.entries())
    expect(files.get(file)?.equals(photos[index]!.body)).toBe(true)
  return { files, json }
}

const rowOf = async (exportId: string) => {
  const [row] = await world.db.primary({
    text: 'SELECT * FROM account_exports WHERE export_id = $1',
    values: [exportId],
  })
  return row!
}
const isStored = async (exportId: string) => (await world.objects.head(exportKey(exportId))) !== undefined
const unfinished = async (exportId: string) => {
  const found: string[] = []
  for await (const { uploadId } of world.objects.listUnfinished(exportKey(exportId))) found.push(uploadId)
  return found
}

describe('an archive', () => {
  it('holds small originals and ones that take several parts', async () => {
    const owner = await world.owner()
    const photos = [
      await stored(owner, 700),
      await stored(owner, SMALLEST_PART_BYTES * 2 + 12_345),
      await stored(owner, SMALLEST_PART_BYTES),
      await stored(owner, 1_300),
    ]
    const exportId = await world.ask(owner)
    await world.run(exportId)
    const { json } = await readyArchive(exportId, photos)
    expect(json('report.json')).toMatchObject({
      format: 'darkroom-export',
      photosAtTheBeginning: 4,
      photos: 4,
      leftOut: { count: 0, known: [] },
    })
    const row = await rowOf(exportId)
    expect(row).toMatchObject({ status: 'ready', photos: 4, photos_total: 4, upload_id: null })
    expect(row['parts']).toBeGreaterThanOrEqual(4)
    for (const table of ['export_parts', 'export_entries'])
      expect(
        await world.db.primary({ text: `SELECT FROM ${table} WHERE export_id = $1`, values: [exportId] }),
      ).toEqual([])
    const news = await world.db.primary({
      text: 'SELECT kinds, item_id FROM notification_events WHERE recipient_id = $1',
      values: [owner],
    })
    expect(news).toEqual([{ kinds: ['export_ready'], item_id: exportId }])
  })

  it('of an account without photos is an archive all the same', async () => {
    const exportId = await world.ask(await world.owner())
    await world.run(exportId)
    const { files } = await readyArchive(exportId, [])
    expect(files.has('index.html')).toBe(true)
  })

  it('is made of parts of bounded length', { timeout: 180_000 }, async () => {
    const owner = await world.owner()
    const { photoId, body } = await stored(owner, 4_000)
    const MANY = 2_000
    await world.db.primary({
      text: `INSERT INTO photos (photo_id, owner_id, visibility, status, content_type, bytes, caption, blob_id, sha256,
          upload_expires_at, width, height, published_at, score)
        SELECT gen_random_uuid(), owner_id, visibility, status, content_type, bytes, repeat('a caption ', 100), blob_id, sha256,
          upload_expires_at, width, height, published_at, score
        FROM photos, generate_series(2, $2) WHERE photo_id = $1`,
      values: [photoId, MANY],
    })
    const exportId = await world.ask(owner)
    const lengths: number[] = []
    for (;;) {
      const outcome = await world.part(exportId)
      const { parts } = await rowOf(exportId)
      const [part] = await world.db.primary<{ bytes: string }>({
        text: 'SELECT bytes FROM export_parts WHERE export_id = $1 AND number = $2',
        values: [exportId, parts],
      })
      lengths.push(Number(part!.bytes))
      if (outcome === 'written') break
    }
    await world.finish(exportId)
    expect(lengths.length).toBeGreaterThanOrEqual(3)
    // A page of 200 captions of 1,000 characters may follow the last original that fits.
    expect(Math.max(...lengths)).toBeLessThan(SMALLEST_PART_BYTES + 1_000_000)
    const files = await unzipped(await world.download(exportId))
    const originals = [...files].filter(([name]) => name.startsWith('photos/'))
    expect(originals).toHaveLength(MANY)
    expect(originals.every(([, bytes]) => bytes.equals(body))).toBe(true)
    expect([...files.keys()].filter((name) => name.startsWith('gallery/'))).toHaveLength(MANY / 200)
    const ids = [...files]
      .filter(([name]) => name.startsWith('data/photos-'))
      .flatMap(([, bytes]) => (JSON.parse(bytes.toString()) as { id: string }[]).map(({ id }) => id))
    expect(new Set(ids).size).toBe(MANY)
  })
})

describe('a process that is killed at any step', () => {
  it('leaves an archive that the next one finishes', { timeout: 300_000 }, async () => {
    const owner = await world.owner()
    const photos = [await stored(owner), await stored(owner, SMALLEST_PART_BYTES + 5_000)]
    let deaths = 0
    // After each call, which is before the next.
    for (let at = 1, hasDied = true; hasDied; at++) {
      expect(at).toBeLessThan(MOST_CALLS)
      const exportId = await world.ask(owner)
      hasDied = await dies(() => world.run(exportId, { death: { at, isDone: true } }))
      if (hasDied) deaths++
      await world.run(exportId)
      const files = await unzipped(await world.download(exportId))
      const bodies = [...files].filter(([name]) => name.startsWith('photos/')).map(([, body]) => body)
      expect(bodies.map((body, index) => body.equals(photos[index]!.body))).toEqual([true, true])
      const news = await world.db.primary({
        text: 'SELECT FROM notification_events WHERE item_id = $1',
        values: [exportId],
      })
      expect(news).toHaveLength(1)
      await world.forget(exportId)
      expect(await isStored(exportId)).toBe(false)
    }
    expect(deaths).toBeGreaterThan(20)
    // What processes left that died between the storage and their rows.
    await sweep(0)
  })

  it('does not disturb another that writes the same part', async () => {
    const owner = await world.owner()
    const photos = [await stored(owner, 900), await stored(owner, SMALLEST_PART_BYTES + 1)]
    const exportId = await world.ask(owner)
    const outcomes = await Promise.all([1, 2, 3].map(() => world.part(exportId)))
    expect(outcomes.filter((outcome) => outcome !== 'stale').length).toBeGreaterThanOrEqual(1)
    await world.run(exportId)
    await readyArchive(exportId, photos)
  })
})

describe('an archive, while its photos change', () => {
  it('leaves out a photo that is deleted meanwhile, and says so', async () => {
    const owner = await world.owner()
    const before = await stored(owner, SMALLEST_PART_BYTES - 100)
    const large = await stored(owner, SMALLEST_PART_BYTES * 3)
    const after = await stored(owner)
    const kept = await stored(owner)
    const exportId = await world.ask(owner)
    expect(await world.part(exportId)).toBe('more')
    expect(await world.part(exportId)).toBe('more')
    // Written, half written, and not written yet.
    for (const { photoId } of [before, large, after]) await deletePhoto(world.db, photoId)
    await world.run(exportId)
    const { json, files } = await readyArchive(exportId, [kept])
    const report = json('report.json') as { leftOut: { count: number; known: { photoId: string }[] } }
    expect(report).toMatchObject({ photosAtTheBeginning: 4, photos: 1, leftOut: { count: 3 } })
    expect(report.leftOut.known.map(({ photoId }) => photoId).sort()).toEqual(
      [before.photoId, large.photoId].sort(),
    )
    expect([...files.keys()].filter((name) => name.startsWith('photos/'))).toHaveLength(1)
    expect(files.get('index.html')!.toString()).toContain('3 photos')
  })

  it('leaves out an original that the storage has lost, and says so', async () => {
    const owner = await world.owner()
    const [lost, kept] = [await stored(owner), await stored(owner)]
    await world.objects.delete([`originals/${lost.photoId}`])
    const exportId = await world.ask(owner)
    await world.run(exportId)
    const { json } = await readyArchive(exportId, [kept])
    expect(json('report.json')).toMatchObject({
      leftOut: { count: 1, known: [{ photoId: lost.photoId, why: 'missing' }] },
    })
  })

  it('is written again if the storage loses its upload', async () => {
    const owner = await world.owner()
    const photos = [await stored(owner, SMALLEST_PART_BYTES), await stored(owner)]
    const exportId = await world.ask(owner)
    await world.part(exportId)
    const [uploadId] = await unfinished(exportId)
    await world.objects.abortParts(exportKey(exportId), uploadId!)
    await world.run(exportId)
    await readyArchive(exportId, photos)
  })

  it('is written again if the storage has other parts than were recorded', async () => {
    const owner = await world.owner()
    const photos = [await stored(owner, SMALLEST_PART_BYTES), await stored(owner)]
    const exportId = await world.ask(owner)
    while ((await world.part(exportId)) !== 'written');
    await world.db.primary({
      text: `UPDATE export_parts SET etag = '"of another process"' WHERE export_id = $1 AND number = 1`,
      values: [exportId],
    })
    await world.finish(exportId)
    expect(await rowOf(exportId)).toMatchObject({ status: 'preparing', parts: 0, upload_id: null })
    await world.run(exportId)
    await readyArchive(exportId, photos)
  })
})

describe('originals in the cold storage', () => {
  it('are read where they are, and stay there', async () => {
    const owner = await world.owner()
    const [cold, hot] = [await stored(owner, SMALLEST_PART_BYTES + 7), await stored(owner)]
    await cool(world, cold)
    const exportId = await world.ask(owner)
    await world.run(exportId)
    await readyArchive(exportId, [cold, hot])
    expect(await world.objects.head(`originals/${cold.photoId}`)).toBeUndefined()
  })

  it('are asked for at once, and waited for', async () => {
    const owner = await world.owner()
    const photos = [await stored(owner), await stored(owner)]
    const { config, db } = world
    const proxy = await openGlacierProxy(config.S3_ENDPOINT)
    const glacier = openArchive({
      ...storageOf(config),
      endpoint: proxy.url,
      publicEndpoint: proxy.url,
      bucket: config.S3_COLD_BUCKET!,
      storageClass: 'GLACIER',
      restoreTier: 'Standard',
      restoredDays: 7,
    })
    try {
      for (const photo of photos) await cool(world, photo)
      const exportId = await world.ask(owner)
      const ask = () => askForOriginals({ primary: db.primary, archive: glacier }, exportId, null)
      const asked = await ask()
      expect(asked).toMatchObject({ after: null, waiting: 2 })
      expect(Date.parse(asked.expectedAt!) - Date.now()).toBeGreaterThan(4 * 60 * 60 * 1000)
      expect(proxy.requests).toHaveLength(2)
      expect(await world.part(exportId, { archive: glacier })).toBe('cold')
      proxy.finishRestores()
      // The usual time has to pass, whatever others have restored.
      expect(await ask()).toMatchObject({ waiting: 2 })
      await db.primary({
        text: `UPDATE account_exports SET asked_at = asked_at - interval '6 hours' WHERE export_id = $1`,
        values: [exportId],
      })
      expect(await ask()).toEqual({ after: null, waiting: 0, expectedAt: null })
      await world.run(exportId, { archive: glacier })
      await readyArchive(exportId, photos)
    } finally {
      glacier.close()
      await proxy.close()
    }
  })
})

describe('the end of an export', () => {
  it('deletes the archive when its time is over', async () => {
    const exportId = await world.ask(await world.owner())
    await world.run(exportId)
    await world.empty(exportId)
    expect(await isStored(exportId)).toBe(true)
    await world.db.primary({
      text: `UPDATE account_exports SET expires_at = now() WHERE export_id = $1`,
      values: [exportId],
    })
    await world.empty(exportId)
    await world.empty(exportId)
    expect(await isStored(exportId)).toBe(false)
    const row = await rowOf(exportId)
    expect(row['status']).toBe('expired')
    expect(row['emptied_at']).not.toBeNull()
  })

  it('leaves nothing of one that is deleted midway', async () => {
    const owner = await world.owner()
    await stored(owner, SMALLEST_PART_BYTES * 2)
    const exportId = await world.ask(owner)
    await world.part(exportId)
    expect(await unfinished(exportId)).toHaveLength(1)
    await world.db.primary({
      text: `UPDATE account_exports SET status = 'deleted' WHERE export_id = $1`,
      values: [exportId],
    })
    expect(await world.part(exportId)).toBe('stale')
    await world.empty(exportId)
    expect(await unfinished(exportId)).toEqual([])
    expect(await isStored(exportId)).toBe(false)
  })

  it('is seen to by housekeeping if its workflow is lost', async () => {
    const owner = await world.owner()
    await stored(owner, SMALLEST_PART_BYTES * 2)
    const [lost, running] = [await world.ask(owner), await world.ask(await world.owner())]
    await world.part(lost)
    await world.db.primary({ text: 'DELETE FROM account_exports WHERE export_id = $1', values: [lost] })
    await world.db.primary({
      text: `UPDATE account_exports SET created_at = now() - interval '2 hours' WHERE export_id = $1`,
      values: [running],
    })
    const woken: unknown[] = []
    await sweep(2 * 60 * 60 * 1000, woken)
    expect(await unfinished(lost)).toEqual([])
    expect(woken).toContainEqual(expect.objectContaining({ exportId: running }))
  })
})

async function sweep(laterMs: number, woken: unknown[] = []): Promise<void> {
  const starts = { deliver: async ({ payload }: { payload: unknown }) => void woken.push(payload) }
  const now = () => Date.now() + laterMs
  await sweepExports({ primary: world.db.primary, objects: world.objects, starts, now }).run()
}

async function dies(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return false
  } catch (error) {
    if (error instanceof Killed) return true
    throw error
  }
}
