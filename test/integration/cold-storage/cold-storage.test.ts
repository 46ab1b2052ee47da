import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storageOf } from '../../../src/infra/s3/storage-of.ts'
import type { ColdStorageTally } from '../../../src/contracts/cold-storage.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import { openArchive, type Archive } from '../../../src/infra/s3/archive.ts'
import { coldKey, originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { originalOf } from '../../../src/services/blobs/read-original.ts'
import { sweepBlobs } from '../../../src/services/blobs/sweep-blobs.ts'
import { createCoolOriginals } from '../../../src/services/cold-storage/cool-originals.ts'
import { createRestoreRequests } from '../../../src/services/cold-storage/request-restore.ts'
import { createOriginalRestorer } from '../../../src/services/cold-storage/restore-original.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { createPhotos, type Photos } from '../../../src/services/photos/photos.ts'
import { createPhotoObjects } from '../../../src/services/retraction/objects.ts'
import { sweepStoredObjects } from '../../../src/services/retraction/sweep-stored-objects.ts'
import { createUploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { createOriginals } from '../../../src/services/uploads/validate-original.ts'
import { deletePhoto } from '../../support/factories/photos.ts'
import { measured } from '../../support/metrics.ts'
import { Killed, mortals, type Death } from '../../support/mortal.ts'
import {
  openUploadWorld,
  silent,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const PRICES = { hot: 0.023, cold: 0.003 }
const UNDYING: Death = { at: 0, isDone: false }
/** More calls than a step makes. */
const MOST_CALLS = 30

let world: UploadWorld
let archive: Archive
let images: ImageProcessor
let photos: Photos
/** Photos are old from 180 days on. */
const before = () => new Date(Date.now() - 180 * DAY_MS).toISOString()

beforeAll(async () => {
  world = await openUploadWorld()
  const { config, db, objects, outbox } = world
  archive = openArchive({
    ...storageOf(config),
    bucket: config.S3_COLD_BUCKET!,
    restoreTier: 'Standard',
    restoredDays: 7,
  })
  images = openImageProcessor({ children: 1, sandbox: 'auto', logger: silent })
  photos = createPhotos({ db, objects, outbox, fanoutShardThreshold: 100_000 })
})
afterAll(async () => {
  archive?.close()
  await images?.close()
  await world?.close()
})

async function published(body: Buffer, ageDays: number, owner?: UserId): Promise<OpenUpload> {
  const { db, objects } = world
  const upload = await world.openUpload(owner ?? (await world.owner()), { bytes: body.length })
  await objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
  const uploads = createUploads({ db, objects, fanoutShardThreshold: 100_000 })
  await uploads.claim(upload.photoId)
  await createOriginals({ db, objects, images, maxBytes: 1_000_000, maxPixels: 1_000_000 }).validate(
    upload.photoId,
  )
  await uploads.publish(upload.photoId)
  await age(upload.photoId, ageDays)
  return upload
}

async function age(photoId: PhotoId, days: number): Promise<void> {
  for (const table of ['photos', 'blobs'])
    await world.db.primary({
      text: `UPDATE ${table} SET created_at = now() - $2 * interval '1 day'
        WHERE ${table === 'photos' ? 'photo_id' : 'blob_id'} = $1`,
      values: [photoId, days],
    })
}

const somebodys = () => somePhoto(32, 24)

/** Everything that is old and hot, as one process does it that may die. */
async function cool(death: Death = UNDYING): Promise<ColdStorageTally> {
  const { db, objects } = world
  const stores = mortals({ db, objects, archive }, death)
  const slice = await createCoolOriginals({ ...stores, prices: PRICES })(
    { before: before() },
    { maxMs: 60_000, onReached: () => undefined, signal: new AbortController().signal },
  )
  expect(slice.isAtEnd).toBe(true)
  return slice.tally
}

const countOf = (outcome: string) => measured('darkroom_cold_storage_originals_total', { outcome })
const restorer = (death: Death = UNDYING) =>
  createOriginalRestorer({
    ...mortals({ db: world.db, objects: world.objects, archive }, death),
    restoredDays: 7,
  })
const requests = () => createRestoreRequests({ db: world.db, outbox: world.outbox })

/** As the workflow does. */
async function restore({ photoId, ownerId }: OpenUpload, death: Death = UNDYING, restoreId = randomUUID()) {
  const steps = restorer(death)
  if ((await steps.prepare(photoId)).state === 'readable')
    return steps.finish({ photoId, ownerId, restoreId })
  return 'not readable'
}

const download = async ({ ownerId, photoId }: OpenUpload) =>
  buffer((await photos.openOriginal(ownerId, photoId)).body)
const availability = async (photoId: PhotoId) => (await requests().find(photoId)).availability
const isHot = async (key: string) => (await world.objects.head(key)) !== undefined
const inArchive = (key: string) =>
  archive.read(key).then(
    ({ body }) => buffer(body),
    () => undefined,
  )
const erase = async ({ photoId }: OpenUpload) => {
  await deletePhoto(world.db, photoId)
  await createPhotoObjects({ db: world.db, objects: world.objects, archive }).deleteAll(photoId)
}
/** The bytes as whoever renders reads them. */
async function stored(photoId: PhotoId): Promise<Buffer | undefined> {
  const original = await originalOf(world.db.primary, photoId)
  if (!original) return undefined
  const { body } = await (original.isCold ? archive : world.objects).read(original.objectKey)
  return buffer(body)
}

describe('an old original', () => {
  it('goes into the cold storage, and comes back when its owner asks', async () => {
    const body = await somebodys()
    const photo = await published(body, 181)
    const young = await published(await somebodys(), 179)
    const movedBefore = await countOf('moved')
    const tally = await cool()
    expect(tally).toMatchObject({ moved: 1, movedBytes: body.length, failed: 0 })
    expect(await countOf('moved')).toBe(movedBefore + 1)
    expect(await world.db.primary({ text: 'SELECT FROM cold_storage_runs' })).toHaveLength(1)
    expect(tally.savedPerMonth).toBeCloseTo((body.length / 1e9) * 0.02, 12)
    expect(await isHot(originalKey(photo.photoId))).toBe(false)
    expect(await inArchive(coldKey(photo.photoId))).toEqual(body)
    expect(await availability(photo.photoId)).toBe('cold')
    expect(await availability(young.photoId)).toBe('hot')
    await expect(download(photo)).rejects.toMatchObject({ code: 'original_cold' })

    expect(await requests().request(photo.photoId, photo.ownerId)).toMatchObject({
      availability: 'restoring',
    })
    await expect(download(photo)).rejects.toMatchObject({ code: 'original_cold' })
    expect(await restore(photo)).toBe('restored')
    expect(await download(photo)).toEqual(body)
    const news = await world.db.primary({
      text: `SELECT kinds FROM notification_events WHERE recipient_id = $1 AND photo_id = $2`,
      values: [photo.ownerId, photo.photoId],
    })
    expect(news).toEqual([{ kinds: ['original_restored'] }])
    expect(await availability(photo.photoId)).toBe('hot')
    expect((await cool()).seen).toBe(0)
  })

  it('goes cold again when its time is over', async () => {
    const body = await somebodys()
    const photo = await published(body, 200)
    await cool()
    await requests().request(photo.photoId, photo.ownerId)
    await restore(photo)
    const copy = (await originalOf(world.db.primary, photo.photoId))!.objectKey
    expect(await restorer().endRestores()).toBe(0)
    await world.db.primary({
      text: `WITH one AS (UPDATE cold_originals SET hot_until = now() - interval '1 s' WHERE photo_id = $1)
        UPDATE blobs SET restored_until = now() - interval '1 s' WHERE blob_id = $1`,
      values: [photo.photoId],
    })
    expect(await restorer().endRestores()).toBe(1)
    expect(await availability(photo.photoId)).toBe('cold')
    expect(await isHot(copy)).toBe(false)
    expect(await stored(photo.photoId)).toEqual(body)
  })

  it('stays where it is if its bytes have changed or are missing, and is named', async () => {
    const [changed, missing] = [
      await published(await somebodys(), 200),
      await published(await somebodys(), 200),
    ]
    await world.objects.put(originalKey(changed.photoId), await somebodys(), 'image/jpeg')
    await world.objects.delete([originalKey(missing.photoId)])
    const failedBefore = await countOf('failed')
    const tally = await cool()
    expect(tally).toMatchObject({ moved: 0, failed: 2 })
    expect(await countOf('failed')).toBe(failedBefore + 2)
    expect(tally.failures.map(({ blobId }) => blobId).sort()).toEqual(
      [changed.photoId, missing.photoId].sort(),
    )
    expect(await isHot(originalKey(changed.photoId))).toBe(true)
    for (const photo of [changed, missing]) await erase(photo)
  })

  it('is deleted with its photo, cold or restored', async () => {
    const [cold, warm] = [await published(await somebodys(), 200), await published(await somebodys(), 200)]
    await cool()
    await requests().request(warm.photoId, warm.ownerId)
    await restore(warm)
    const copy = (await originalOf(world.db.primary, warm.photoId))!.objectKey
    for (const photo of [cold, warm]) {
      await erase(photo)
      expect(await inArchive(coldKey(photo.photoId))).toBeUndefined()
    }
    expect(await isHot(copy)).toBe(false)
    expect(await restore(warm)).toBe('not readable')
  })
})

describe('an original that photos share', () => {
  it('stays hot for the younger one, and the older looks cold all the same', async () => {
    const body = await somebodys()
    const [old, young] = [await published(body, 300), await published(body, 10)]
    expect(await cool()).toMatchObject({ moved: 0, held: 1 })
    expect([await availability(old.photoId), await availability(young.photoId)]).toEqual(['cold', 'hot'])
    expect(await download(young)).toEqual(body)
    await requests().request(old.photoId, old.ownerId)
    expect(await restore(old)).toBe('restored')
    expect(await download(old)).toEqual(body)

    await age(young.photoId, 181)
    await age(old.photoId, 300)
    expect(await cool()).toMatchObject({ moved: 1 })
    expect(await stored(young.photoId)).toEqual(body)
  })

  it('is stored again for a later upload, and joined when that is old', async () => {
    const body = await somebodys()
    const first = await published(body, 400)
    await cool()
    const second = await published(body, 0)
    expect(await availability(second.photoId)).toBe('hot')
    expect(await download(second)).toEqual(body)
    await age(second.photoId, 181)
    expect(await cool()).toMatchObject({ moved: 0, joined: 1, joinedBytes: body.length })
    expect(await isHot(originalKey(second.photoId))).toBe(false)
    await erase(first)
    expect(await stored(second.photoId)).toEqual(body)
  })

  it('is held by a photo that joins while it is copied', async () => {
    const body = await somebodys()
    const old = await published(body, 300)
    const { db, objects } = world
    let joining: OpenUpload | undefined
    const store: Archive['store'] = async (...args) => {
      await archive.store(...args)
      joining ??= await published(body, 0)
    }
    const slice = await createCoolOriginals({ db, objects, archive: { ...archive, store }, prices: PRICES })(
      { before: before() },
      { maxMs: 60_000, onReached: () => undefined, signal: new AbortController().signal },
    )
    expect(slice.tally).toMatchObject({ moved: 0, held: 1 })
    expect(await download(joining!)).toEqual(body)
    expect(await inArchive(coldKey(old.photoId))).toBeUndefined()
    for (const photo of [old, joining!]) await erase(photo)
  })

  it('goes with its photo if that is erased while it is copied', async () => {
    const photo = await published(await somebodys(), 300)
    const { db, objects } = world
    const store: Archive['store'] = async (...args) => {
      await archive.store(...args)
      await erase(photo)
    }
    await createCoolOriginals({ db, objects, archive: { ...archive, store }, prices: PRICES })(
      { before: before() },
      { maxMs: 60_000, onReached: () => undefined, signal: new AbortController().signal },
    )
    await world.db.primary({
      text: `UPDATE blobs SET cooling_at = cooling_at - interval '2 hours' WHERE blob_id = $1`,
      values: [photo.photoId],
    })
    await sweepBlobs({ db, objects, archive }).run()
    expect(await inArchive(coldKey(photo.photoId))).toBeUndefined()
    expect(await isHot(originalKey(photo.photoId))).toBe(false)
  })
})

describe('a process that is killed at any step', () => {
  it('loses no byte on the way into the cold storage', async () => {
    for (let at = 1, hasDied = true; hasDied; at++) {
      expect(at).toBeLessThan(MOST_CALLS)
      for (const isDone of [false, true]) {
        const body = await somebodys()
        const photo = await published(body, 300)
        hasDied = await dies(() => cool({ at, isDone }))
        expect(await stored(photo.photoId)).toEqual(body)
        await cool()
        expect(await stored(photo.photoId)).toEqual(body)
        expect(await inArchive(coldKey(photo.photoId))).toEqual(body)
        // What a process left that died after it had switched the row.
        if (await isHot(originalKey(photo.photoId))) await sweepAll()
        expect(await isHot(originalKey(photo.photoId))).toBe(false)
        await erase(photo)
      }
    }
  })

  it('loses no byte on the way back, and tells of it once', async () => {
    for (let at = 1, hasDied = true; hasDied; at++) {
      expect(at).toBeLessThan(MOST_CALLS)
      for (const isDone of [false, true]) {
        const body = await somebodys()
        const photo = await published(body, 300)
        await cool()
        await requests().request(photo.photoId, photo.ownerId)
        const restoreId = randomUUID()
        hasDied = await dies(() => restore(photo, { at, isDone }, restoreId))
        expect(await stored(photo.photoId)).toEqual(body)
        // The workflow goes on with the step under way.
        await restorer().finish({ ...photo, restoreId })
        expect(await download(photo)).toEqual(body)
        const news = await world.db.primary({
          text: 'SELECT FROM notification_events WHERE photo_id = $1',
          values: [photo.photoId],
        })
        expect(news).toHaveLength(1)
        await erase(photo)
      }
    }
  })
})

async function dies(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return false
  } catch (error) {
    if (error instanceof Killed) return true
    throw error
  }
}

const sweepAll = () =>
  sweepStoredObjects({
    db: world.db,
    objects: world.objects,
    cdn: { edges: [], fronts: [] } as never,
    now: () => Date.now() + 2 * DAY_MS,
  }).run()
