import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VARIANT_FORMATS, variantSpecsOf } from '../../../src/domain/variants.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { createCdn } from '../../../src/infra/cdn/cdn.ts'
import { createEdge } from '../../../src/infra/cdn/edge.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { incomingKey, variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { createOriginals, type Originals } from '../../../src/services/uploads/validate-original.ts'
import { createPhotoObjects, type PhotoObjects } from '../../../src/services/retraction/objects.ts'
import { planPhoto } from '../../../src/services/retraction/plan.ts'
import { createEdgeRefusals, type EdgeRefusals } from '../../../src/services/retraction/refuse-at-edge.ts'
import { createUploads, type Uploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { createVariants, type Variants } from '../../../src/services/uploads/render-variants.ts'
import { deletePhoto, editPhoto } from '../../support/factories/photos.ts'
import {
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

const MAX_PIXELS = 50_000_000
const SIZE = { width: 900, height: 600 }

let world: UploadWorld
let uploads: Uploads
let originals: Originals
let images: ImageProcessor
let photoObjects: PhotoObjects
let refusals: EdgeRefusals

beforeAll(async () => {
  world = await openUploadWorld()
  const { config, db, objects } = world
  uploads = createUploads({ db, objects, fanoutShardThreshold: 100_000 })
  images = openImageProcessor({
    children: 2,
    memoryBytes: 2e9,
    sandbox: 'auto',
    logger: pino({ level: 'silent' }),
  })
  originals = createOriginals({
    db,
    objects,
    images,
    maxBytes: config.MAX_UPLOAD_BYTES,
    maxPixels: MAX_PIXELS,
  })
  const purgeToken = config.CDN_PURGE_TOKEN
  const cdn = createCdn(
    config.edges.map((edge) => createEdge({ ...edge, purgeToken, fetchTimeoutMs: 5_000 })),
  )
  const { CDN_BASE_URL: cdnBaseUrl, CDN_SIGNING_KEY: cdnSigningKey } = config
  photoObjects = createPhotoObjects({ db, objects })
  refusals = createEdgeRefusals({ db, cdn, cdnBaseUrl, cdnSigningKey })
})
afterAll(async () => {
  await images?.close()
  await world?.close()
})

async function moveAll(objects: PhotoObjects, photoId: string) {
  const { stale } = await planPhoto(world.db.primary, photoId)
  return Promise.all(stale.map((each) => objects.move(photoId, each)))
}

/** The steps of photoUpload one by one, without Temporal. */
async function uploaded(): Promise<OpenUpload> {
  const body = await somePhoto(SIZE.width, SIZE.height)
  const upload = await world.openUpload(await world.owner(), { bytes: body.length, caption: '#once' })
  await world.objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
  return upload
}

async function published(): Promise<OpenUpload> {
  const upload = await uploaded()
  await uploads.claim(upload.photoId)
  await originals.validate(upload.photoId)
  await uploads.publish(upload.photoId)
  return upload
}

const variantsOver = (objects: ObjectStore): Variants =>
  createVariants({ db: world.db, objects, images, maxPixels: MAX_PIXELS })

/** The storage, except that after the first variant is put, something else happens before its row is recorded. */
function afterFirstPut(happens: () => Promise<unknown>): ObjectStore {
  let hasHappened = false
  return {
    ...world.objects,
    async put(...args) {
      await world.objects.put(...args)
      if (hasHappened) return
      hasHappened = true
      await happens()
    },
  }
}

const narrow = (photoId: string, visibility: Visibility) => editPhoto(world.db, photoId, { visibility })

async function storedKeys(photoId: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of world.objects.list(variantsPrefix(photoId))) keys.push(key)
  return keys.sort()
}

const recordedKeys = async (photoId: string) =>
  (await world.variants(photoId))
    .map(({ object_key: key }) => key)
    .filter((key) => key.startsWith('variants/'))
    .sort()

const ALL = variantSpecsOf(SIZE).map(({ variant, format }) => ({ variant, format }))
const DEFERRED = ALL.filter(({ format }) => VARIANT_FORMATS[format].isDeferred)
const PROMPT = ALL.filter((ref) => !DEFERRED.includes(ref))
const ALL_RENDERED = { outcome: 'rendered', variants: ALL, failed: [], deferred: DEFERRED }

describe('a variant that is being stored', () => {
  it('moves to the new epoch when the photo is narrowed', async () => {
    const { photoId } = await published()
    const variants = variantsOver(afterFirstPut(() => narrow(photoId, 'private')))
    expect(await variants.renderAll(photoId)).toEqual(ALL_RENDERED)
    await moveAll(photoObjects, photoId)
    const keys = await recordedKeys(photoId)
    expect(keys).toHaveLength(PROMPT.length)
    expect(keys.every((key) => key.startsWith(`variants/${photoId}/2/`))).toBe(true)
    expect(await storedKeys(photoId)).toEqual(keys)
  })

  it('is deleted again and not recorded when the photo is deleted', async () => {
    const { photoId } = await published()
    const variants = variantsOver(
      afterFirstPut(async () => {
        await deletePhoto(world.db, photoId)
        await photoObjects.deleteAll(photoId)
      }),
    )
    expect(await variants.renderAll(photoId)).toEqual({ outcome: 'gone' })
    expect(await recordedKeys(photoId)).toEqual([])
    expect(await storedKeys(photoId)).toEqual([])
  })
})

describe('variants that are being moved to a new epoch', () => {
  it('keep their objects when a move dies and the photo is narrowed again', async () => {
    const { photoId } = await published()
    await variantsOver(world.objects).renderAll(photoId)
    await narrow(photoId, 'followers')
    const { stale } = await planPhoto(world.db.primary, photoId)
    const dying: ObjectStore = { ...world.objects, delete: () => Promise.reject(new Error('killed')) }
    const firstTry = createPhotoObjects({ db: world.db, objects: dying })
    await Promise.all(stale.map((each) => expect(firstTry.move(photoId, each)).rejects.toThrow('killed')))
    await narrow(photoId, 'private')
    // What the first attempt left is removed now, and named so that the edges forget it too.
    for (const each of stale)
      expect(await photoObjects.move(photoId, each)).toEqual({ outcome: 'moved', removed: [each.objectKey] })

    const moved = await moveAll(photoObjects, photoId)
    expect(moved.map(({ outcome }) => outcome)).toEqual(stale.map(() => 'moved'))
    const keys = await recordedKeys(photoId)
    expect(keys).toHaveLength(PROMPT.length)
    expect(keys.every((key) => key.startsWith(`variants/${photoId}/3/`))).toBe(true)
    expect(await storedKeys(photoId)).toEqual(keys)
  })
})

describe('an original that is being validated', () => {
  it('has its copy deleted again when the photo is deleted', async () => {
    const upload = await uploaded()
    await uploads.claim(upload.photoId)
    const deleting: ObjectStore = {
      ...world.objects,
      async copy(...args) {
        await deletePhoto(world.db, upload.photoId)
        await world.objects.copy(...args)
      },
    }
    const { db, config } = world
    const racing = createOriginals({
      db,
      objects: deleting,
      images,
      maxBytes: config.MAX_UPLOAD_BYTES,
      maxPixels: MAX_PIXELS,
    })
    expect(await racing.validate(upload.photoId)).toEqual({ outcome: 'gone' })
    expect(await world.objects.head(originalKey(upload.photoId))).toBeUndefined()
  })
})

describe('steps that run twice', () => {
  it('have the same result in an upload', async () => {
    const upload = await uploaded()
    const { photoId } = upload
    expect(await uploads.claim(photoId)).toEqual({ outcome: 'claimed' })
    expect(await uploads.claim(photoId)).toEqual({ outcome: 'claimed' })
    expect(await originals.validate(photoId)).toEqual(await originals.validate(photoId))
    expect(await uploads.publish(photoId)).toEqual(await uploads.publish(photoId))
    const variants = variantsOver(world.objects)
    const planned = { outcome: 'planned', variants: ALL }
    expect(await variants.plan(photoId)).toEqual({ ...planned, missing: PROMPT, deferred: DEFERRED })
    expect(await variants.renderAll(photoId)).toEqual(ALL_RENDERED)
    expect(await variants.renderAll(photoId)).toEqual(ALL_RENDERED)
    expect(await variants.plan(photoId)).toEqual({ ...planned, missing: [], deferred: DEFERRED })
    for (let twice = 0; twice < 2; twice++)
      expect(await variants.renderDeferred(photoId)).toEqual({
        outcome: 'rendered',
        variants: ALL,
        failed: [],
      })
    await variants.renderOne(photoId, { variant: 'thumb_200', format: 'webp' })
    expect(await variants.plan(photoId)).toEqual({ ...planned, missing: [], deferred: [] })
    await expect(variants.renderOne(photoId, { variant: 'thumb_200', format: 'jxl' })).rejects.toThrow(
      'this release makes no thumb_200.jxl',
    )
    expect(await storedKeys(photoId)).toEqual(await recordedKeys(photoId))
    const [counted] = await world.db.primary<{ photos: string }>({
      text: 'SELECT public_photos::text AS photos FROM user_photo_counts WHERE user_id = $1',
      values: [upload.ownerId],
    })
    expect(counted!.photos).toBe('1')
  })

  it('have the same result in a narrowing', async () => {
    const { photoId } = await published()
    await variantsOver(world.objects).renderAll(photoId)
    await narrow(photoId, 'followers')
    const { stale, minEpoch } = await planPhoto(world.db.primary, photoId)
    for (let twice = 0; twice < 2; twice++)
      for (const each of stale)
        expect(await photoObjects.move(photoId, each)).toEqual({
          outcome: 'moved',
          removed: [each.objectKey],
        })
    expect(await storedKeys(photoId)).toEqual(await recordedKeys(photoId))
    const gone = stale.map(({ objectKey }) => objectKey)
    for (const edge of refusals.edges) {
      const refusal = { edge, photoId, minEpoch: minEpoch!, standing: [], gone }
      await refusals.refusePhoto(refusal)
      expect(await refusals.refusePhoto(refusal)).toEqual({ purged: 0 })
    }
  })

  it('make a variant again whose object is nowhere', async () => {
    const { photoId } = await published()
    const variants = variantsOver(world.objects)
    await variants.renderAll(photoId)
    await narrow(photoId, 'followers')
    const [lost, ...others] = (await planPhoto(world.db.primary, photoId)).stale
    await world.objects.delete([lost!.objectKey])
    expect(await photoObjects.move(photoId, lost!)).toEqual({
      outcome: 'missing',
      removed: [lost!.objectKey],
    })
    for (const each of others)
      expect(await photoObjects.move(photoId, each)).toMatchObject({ outcome: 'moved' })
    await variants.renderOne(photoId, { variant: lost!.variant, format: lost!.format })
    expect(await storedKeys(photoId)).toEqual(await recordedKeys(photoId))
    expect(await recordedKeys(photoId)).toHaveLength(PROMPT.length)
  })

  it('delete objects of former epochs that no row names', async () => {
    const { photoId } = await published()
    await variantsOver(world.objects).renderAll(photoId)
    const orphan = `variants/${photoId}/1/former_100.avif`
    await world.objects.put(orphan, Buffer.from('an orphan'), 'image/avif')
    expect(await photoObjects.sweep(photoId)).toEqual([])
    await narrow(photoId, 'private')
    await moveAll(photoObjects, photoId)
    expect(await photoObjects.sweep(photoId)).toEqual([orphan])
    expect(await photoObjects.sweep(photoId)).toEqual([])
    expect(await storedKeys(photoId)).toEqual(await recordedKeys(photoId))
  })

  it('refuse to claim, fail or publish a closed upload', async () => {
    const { photoId } = await published()
    expect(await uploads.claim(photoId)).toEqual({ outcome: 'closed', status: 'ready' })
    await uploads.fail(photoId, 'upload_cancelled', 'late')
    await uploads.abandon(photoId)
    expect((await world.photo(photoId)).status).toBe('ready')
    expect(await world.objects.head(originalKey(photoId))).toBeDefined()
    await uploads.discard(photoId)
    expect(await world.objects.head(originalKey(photoId))).toBeDefined()
  })
})

describe('temporary files', () => {
  it('are deleted after a validation, a refusal and a rendering', async () => {
    // A folder of its own, because files of other processes come and go in the usual one.
    const folder = await mkdtemp(join(tmpdir(), 'upload-races-'))
    const usual = process.env.TMPDIR
    process.env.TMPDIR = folder
    try {
      const { photoId } = await published()
      await variantsOver(world.objects).renderAll(photoId)
      const bad = await uploaded()
      await uploads.claim(bad.photoId)
      await world.objects.put(incomingKey(bad.photoId), Buffer.alloc(100), 'image/jpeg')
      await world.db.primary({
        text: 'UPDATE photos SET bytes = 100 WHERE photo_id = $1',
        values: [bad.photoId],
      })
      await expect(originals.validate(bad.photoId)).rejects.toMatchObject({ code: 'not_an_image' })
      expect(await readdir(folder)).toEqual([])
    } finally {
      if (usual === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = usual
      await rm(folder, { recursive: true })
    }
  })
})
