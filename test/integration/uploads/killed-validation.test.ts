import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMediaActivities } from '../../../src/activities/uploads-media.ts'
import type { ModerationMode } from '../../../src/contracts/photo-moderation.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { createUploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { createVariants } from '../../../src/services/uploads/render-variants.ts'
import { createOriginals } from '../../../src/services/uploads/validate-original.ts'
import { deletePhoto } from '../../support/factories/photos.ts'
import { mortals, type Death } from '../../support/mortal.ts'
import { openUploadWorld, silent, somePhoto, type UploadWorld } from '../../support/worlds/upload-world.ts'

const UNDYING: Death = { at: 0, isDone: false }
/** More calls than the step makes. */
const MOST_CALLS = 30

let world: UploadWorld
let images: ImageProcessor
beforeAll(async () => {
  world = await openUploadWorld()
  images = openImageProcessor({ children: 1, sandbox: 'auto', logger: silent })
})
afterAll(async () => {
  await images?.close()
  await world?.close()
})

async function claimed(): Promise<PhotoId> {
  const { db, objects } = world
  const body = await somePhoto(32, 24)
  const { photoId } = await world.openUpload(await world.owner(), { bytes: body.length, caption: '#once' })
  await objects.put(incomingKey(photoId), body, 'image/jpeg')
  await createUploads({ db, objects, fanoutShardThreshold: 100_000 }).claim(photoId)
  return photoId
}

/** The step of a worker that may die. */
async function validate(photoId: PhotoId, mode: ModerationMode, death: Death = UNDYING) {
  const { db, objects, hasDied } = mortals({ db: world.db, objects: world.objects }, death)
  const limits = { maxBytes: 1_000_000, maxPixels: 1_000_000 }
  const { validateOriginal } = createMediaActivities({
    originals: createOriginals({ db, objects, images, ...limits }),
    uploads: createUploads({ db, objects, fanoutShardThreshold: 100_000 }),
    variants: createVariants({ db, objects, images, ...limits }),
    planOf: async () => ({ mode, escalateAfterMs: 1_000, onOutage: 'hold' }),
  })
  const outcome = await new MockActivityEnvironment()
    .run(validateOriginal, { photoId })
    .catch((error: unknown) => {
      if (!hasDied()) throw error
      return undefined
    })
  return { outcome, hasDied: hasDied() }
}

describe('a validation', () => {
  it('publishes once, wherever its worker is killed before it tries again', async () => {
    for (let at = 1, hasDied = true; hasDied; at++) {
      expect(at).toBeLessThan(MOST_CALLS)
      for (const isDone of [false, true]) {
        const photoId = await claimed()
        hasDied = (await validate(photoId, 'post', { at, isDone })).hasDied
        const { outcome } = await validate(photoId, 'post')
        expect(outcome).toMatchObject({
          outcome: 'valid',
          width: 32,
          published: { outcome: 'published', version: 3 },
        })
        expect(await world.photo(photoId)).toMatchObject({ status: 'ready', version: 3 })
        expect(await world.objects.head(originalKey(photoId))).toBeDefined()
      }
    }
  })

  it('leaves a photo unpublished that waits for its verdict', async () => {
    const photoId = await claimed()
    const { outcome } = await validate(photoId, 'pre')
    expect(outcome).toMatchObject({ outcome: 'valid', moderation: { mode: 'pre' } })
    expect(outcome).not.toHaveProperty('published')
    expect((await world.photo(photoId)).status).toBe('processing')
  })

  it('says that a photo is gone that is deleted after it was published', async () => {
    const photoId = await claimed()
    await validate(photoId, 'post')
    await deletePhoto(world.db, photoId)
    expect((await validate(photoId, 'post')).outcome).toMatchObject({ outcome: 'gone' })
  })
})
