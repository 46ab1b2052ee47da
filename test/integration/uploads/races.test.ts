import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VARIANT_SPECS } from '../../../src/domain/variants.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { createCdn } from '../../../src/infra/cdn/cdn.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { incomingKey, originalKey, variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { createOriginals, type Originals } from '../../../src/services/uploads/validate-original.ts'
import { createPhotoSync, type PhotoSync } from '../../../src/services/retraction/photo-sync.ts'
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

let world: UploadWorld
let uploads: Uploads
let originals: Originals
let photoSync: PhotoSync

beforeAll(async () => {
  world = await openUploadWorld()
  const { config, db, objects } = world
  uploads = createUploads({ db, objects, fanoutShardThreshold: 100_000 })
  originals = createOriginals({ db, objects, maxBytes: config.MAX_UPLOAD_BYTES, maxPixels: MAX_PIXELS })
  const cdn = createCdn({
    edgeUrls: config.CDN_EDGE_URLS,
    purgeToken: config.CDN_PURGE_TOKEN,
    fetchTimeoutMs: 5_000,
  })
  const { CDN_BASE_URL: cdnBaseUrl, CDN_SIGNING_KEY: cdnSigningKey } = config
  photoSync = createPhotoSync({ db, objects, cdn, cdnBaseUrl, cdnSigningKey })
})
afterAll(() => world?.close())

/** The steps of photoUpload one by one, without Temporal. */
async function uploaded(): Promise<OpenUpload> {
  const body = await somePhoto(900, 600)
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
  createVariants({ db: world.db, objects, maxPixels: MAX_PIXELS })

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

const ALL = VARIANT_SPECS.map(({ variant, format }) => ({ variant, format }))
const ALL_RENDERED = { outcome: 'rendered', variants: ALL, failed: [] }

describe('a variant that is being stored', () => {
  it('moves to the new epoch when the photo is narrowed', async () => {
    const { photoId } = await published()
    const variants = variantsOver(afterFirstPut(() => narrow(photoId, 'private')))
    expect(await variants.renderAll(photoId)).toEqual(ALL_RENDERED)
    const plan = await photoSync.plan(photoId)
    if (plan.state !== 'published') throw new Error(plan.state)
    if (plan.stale.length > 0) await photoSync.move(photoId, plan.accessEpoch, plan.stale)
    const keys = await recordedKeys(photoId)
    expect(keys).toHaveLength(4)
    expect(keys.every((key) => key.startsWith(`variants/${photoId}/2/`))).toBe(true)
    expect(await storedKeys(photoId)).toEqual(keys)
  })

  it('is deleted again and not recorded when the photo is deleted', async () => {
    const { photoId } = await published()
    const variants = variantsOver(
      afterFirstPut(async () => {
        await deletePhoto(world.db, photoId)
        await photoSync.deleteObjects(photoId, await photoSync.listObjects(photoId))
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
    const first = await photoSync.plan(photoId)
    if (first.state !== 'published') throw new Error(first.state)

    const dying: ObjectStore = { ...world.objects, delete: () => Promise.reject(new Error('killed')) }
    const { CDN_BASE_URL: cdnBaseUrl, CDN_SIGNING_KEY: cdnSigningKey } = world.config
    const cdn = createCdn({
      edgeUrls: world.config.CDN_EDGE_URLS,
      purgeToken: 'unused',
      fetchTimeoutMs: 1_000,
    })
    const { db } = world
    const firstTry = createPhotoSync({ db, objects: dying, cdn, cdnBaseUrl, cdnSigningKey })
    await expect(firstTry.move(photoId, first.accessEpoch, first.stale)).rejects.toThrow('killed')
    await narrow(photoId, 'private')
    // What the first attempt left is removed now, and named so that the edges forget it too.
    expect(await photoSync.move(photoId, first.accessEpoch, first.stale)).toEqual({
      outcome: 'superseded',
      removed: first.stale.map(({ objectKey }) => objectKey),
    })
    expect(await storedKeys(photoId)).toEqual(await recordedKeys(photoId))

    const second = await photoSync.plan(photoId)
    if (second.state !== 'published') throw new Error(second.state)
    expect(await photoSync.move(photoId, second.accessEpoch, second.stale)).toMatchObject({
      outcome: 'moved',
    })
    const keys = await recordedKeys(photoId)
    expect(keys).toHaveLength(4)
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
    expect(await variants.plan(photoId)).toEqual({ outcome: 'planned', variants: ALL, missing: ALL })
    expect(await variants.renderAll(photoId)).toEqual(ALL_RENDERED)
    expect(await variants.renderAll(photoId)).toEqual(ALL_RENDERED)
    await variants.renderOne(photoId, { variant: 'thumb_200', format: 'webp' })
    expect(await variants.plan(photoId)).toEqual({ outcome: 'planned', variants: ALL, missing: [] })
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
    const plan = await photoSync.plan(photoId)
    if (plan.state !== 'published') throw new Error(plan.state)
    expect(await photoSync.move(photoId, 2, plan.stale)).toMatchObject({ outcome: 'moved' })
    expect(await photoSync.move(photoId, 2, plan.stale)).toMatchObject({ outcome: 'moved' })
    expect(await storedKeys(photoId)).toEqual(await recordedKeys(photoId))
    const oldKeys = plan.stale.map(({ objectKey }) => objectKey)
    await photoSync.deny(photoId, 2)
    await photoSync.refuse(photoId, oldKeys)
    expect(await photoSync.refuse(photoId, oldKeys)).toEqual({ purged: 0 })
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
