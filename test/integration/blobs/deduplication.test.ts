import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { originalOf } from '../../../src/services/blobs/read-original.ts'
import { sweepBlobs } from '../../../src/services/blobs/sweep-blobs.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { createPhotos, type Photos } from '../../../src/services/photos/photos.ts'
import { createPhotoObjects, type PhotoObjects } from '../../../src/services/retraction/objects.ts'
import { createUploads, type Uploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { createOriginals, type Originals } from '../../../src/services/uploads/validate-original.ts'
import { deletePhoto } from '../../support/factories/photos.ts'
import {
  openUploadWorld,
  silent,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let world: UploadWorld
let images: ImageProcessor
let uploads: Uploads
let originals: Originals
let photos: Photos
let photoObjects: PhotoObjects

const originalsOver = (objects: ObjectStore) =>
  createOriginals({ db: world.db, objects, images, maxBytes: 1_000_000, maxPixels: 1_000_000 })

beforeAll(async () => {
  world = await openUploadWorld()
  const { db, objects, outbox } = world
  uploads = createUploads({ db, objects, fanoutShardThreshold: 100_000 })
  images = openImageProcessor({ children: 1, sandbox: 'auto', logger: silent })
  originals = originalsOver(objects)
  photos = createPhotos({ db, objects, outbox, fanoutShardThreshold: 100_000 })
  photoObjects = createPhotoObjects({ db, objects })
})
afterAll(async () => {
  await images?.close()
  await world?.close()
})

const smallPhoto = () => somePhoto(32, 24)

async function arrived(body: Buffer): Promise<OpenUpload> {
  const upload = await world.openUpload(await world.owner(), { bytes: body.length })
  await world.objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
  await uploads.claim(upload.photoId)
  return upload
}

async function published(body: Buffer): Promise<OpenUpload> {
  const upload = await arrived(body)
  await originals.validate(upload.photoId)
  await uploads.publish(upload.photoId)
  return upload
}

async function erase({ photoId }: OpenUpload): Promise<string[]> {
  await deletePhoto(world.db, photoId)
  return photoObjects.deleteAll(photoId)
}

const bytesFor = async ({ ownerId, photoId }: OpenUpload) =>
  buffer((await photos.openOriginal(ownerId, photoId)).body)

const blobs = (photoIds: readonly PhotoId[]) =>
  world.db.primary<{ blob_id: string; state: string }>({
    text: 'SELECT blob_id, state FROM blobs WHERE blob_id = ANY ($1::uuid[]) ORDER BY created_at, blob_id',
    values: [photoIds],
  })
const isStored = async (photoId: PhotoId) => (await world.objects.head(originalKey(photoId))) !== undefined
const sweep = () => sweepBlobs({ db: world.db, objects: world.objects }).run()

describe('identical originals', () => {
  it('are stored once, for photos of two accounts', async () => {
    const body = await smallPhoto()
    const [first, second] = [await published(body), await published(body)]
    const ids = [first.photoId, second.photoId]
    expect(await blobs(ids)).toEqual([
      { blob_id: first.photoId, state: 'live' },
      { blob_id: second.photoId, state: 'condemned' },
    ])
    await sweep()
    expect(await Promise.all(ids.map(isStored))).toEqual([true, false])
    expect(await originalOf(world.db.primary, second.photoId)).toEqual({
      objectKey: originalKey(first.photoId),
      bytes: body.length,
      isCold: false,
    })
    expect(await bytesFor(first)).toEqual(body)
    expect(await bytesFor(second)).toEqual(body)
  })

  it('stay for the photo that is left, and go with the last', async () => {
    const body = await smallPhoto()
    const [first, second] = [await published(body), await published(body)]
    await erase(first)
    await expect(bytesFor(first)).rejects.toMatchObject({ code: 'not_found' })
    expect(await bytesFor(second)).toEqual(body)
    await erase(second)
    expect(await blobs([first.photoId, second.photoId])).toEqual([])
    expect(await isStored(first.photoId)).toBe(false)
    expect(await isStored(second.photoId)).toBe(false)
  })

  it('are stored again under a new key after the last has gone', async () => {
    const body = await smallPhoto()
    await erase(await published(body))
    const again = await published(body)
    expect(await originalOf(world.db.primary, again.photoId)).toMatchObject({
      objectKey: originalKey(again.photoId),
    })
    expect(await bytesFor(again)).toEqual(body)
  })

  it('are reported as deleted alike, shared or not', async () => {
    const body = await smallPhoto()
    const [first, second] = [await published(body), await published(body)]
    const alone = await published(await smallPhoto())
    for (const upload of [first, second, alone])
      expect(await erase(upload)).toEqual([originalKey(upload.photoId)])
  })

  it('are not shared by a hash that a client declares', async () => {
    const body = await smallPhoto()
    await published(body)
    const other = await arrived(await smallPhoto())
    await world.db.primary({
      text: `UPDATE photos SET declared_sha256 = sha256($2) WHERE photo_id = $1`,
      values: [other.photoId, body],
    })
    await expect(originals.validate(other.photoId)).rejects.toMatchObject({ code: 'checksum_mismatch' })
    expect(await originalOf(world.db.primary, other.photoId)).toBeUndefined()
  })
})

describe('steps that come late', () => {
  it('keep the original of a deleted photo that another one has', async () => {
    const body = await smallPhoto()
    const first = await arrived(body)
    let second: OpenUpload | undefined
    const slow = originalsOver({
      ...world.objects,
      async copy(...args) {
        // Meanwhile another try of the step is faster, the photo is shared, and then deleted.
        await originals.validate(first.photoId)
        second = await published(body)
        await erase(first)
        await world.objects.put(incomingKey(first.photoId), body, 'image/jpeg')
        await world.objects.copy(...args)
      },
    })
    expect(await slow.validate(first.photoId)).toEqual({ outcome: 'gone' })
    expect(await bytesFor(second!)).toEqual(body)
    await uploads.fail(first.photoId, 'upload_cancelled', 'late')
    await uploads.discard(first.photoId)
    expect(await bytesFor(second!)).toEqual(body)
  })

  it('keep the original of an upload that fails after it was shared', async () => {
    const body = await smallPhoto()
    const first = await arrived(body)
    await originals.validate(first.photoId)
    const second = await published(body)
    await uploads.fail(first.photoId, 'upload_cancelled', 'by an operator')
    expect(await bytesFor(second)).toEqual(body)
    await erase(second)
    expect(await isStored(first.photoId)).toBe(false)
  })

  it('have the same result after the photo was published', async () => {
    const upload = await arrived(await smallPhoto())
    const publishing = originalsOver({
      ...world.objects,
      async copy(...args) {
        await originals.validate(upload.photoId)
        await uploads.publish(upload.photoId)
        await world.objects.copy(...args)
      },
    })
    // What was uploaded is gone with the publication; the next try finds what the other has recorded.
    await expect(publishing.validate(upload.photoId)).rejects.toThrow('has changed')
    expect(await originals.validate(upload.photoId)).toMatchObject({ outcome: 'valid' })
    expect(await isStored(upload.photoId)).toBe(true)
  })
})
