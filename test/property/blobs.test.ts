import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId, UserId } from '../../src/domain/ids.ts'
import { openImageProcessor, type ImageProcessor } from '../../src/infra/image/processor.ts'
import { originalKey } from '../../src/services/blobs/blob-keys.ts'
import { originalOf } from '../../src/services/blobs/read-original.ts'
import { sweepBlobs } from '../../src/services/blobs/sweep-blobs.ts'
import { incomingKey } from '../../src/services/photos/object-keys.ts'
import { createPhotoObjects } from '../../src/services/retraction/objects.ts'
import { createUploads } from '../../src/services/uploads/claim-and-publish.ts'
import { createOriginals } from '../../src/services/uploads/validate-original.ts'
import { deletePhoto } from '../support/factories/photos.ts'
import { Killed, mortals } from '../support/mortal.ts'
import { openUploadWorld, silent, type UploadWorld } from '../support/worlds/upload-world.ts'

/** Quick by default; PROPERTY_RUNS=1000 is the thorough size, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 15)
const SEED = process.env.PROPERTY_SEED
const CONTENTS = 2
const MOST_PHOTOS = 12

/** The step dies before or after its nth call to Postgres or the storage; 0: it lives. */
const death = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ at: 0, isDone: false }) },
  { weight: 1, arbitrary: fc.record({ at: fc.integer({ min: 1, max: 5 }), isDone: fc.boolean() }) },
)
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('upload' as const), of: fc.nat(CONTENTS - 1), death }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('validate' as const), of: fc.nat(MOST_PHOTOS), death }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), of: fc.nat(MOST_PHOTOS), death }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), of: fc.nat(MOST_PHOTOS), death }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), of: fc.constant(0), death }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Known {
  photoId: PhotoId
  content: Buffer
  /** Its validation has said so, and since then nobody began to delete or fail it. */
  isHeld: boolean
}

describe('originals that photos share', () => {
  let world: UploadWorld
  let images: ImageProcessor
  let owners: UserId[]

  beforeAll(async () => {
    world = await openUploadWorld({ MAX_PENDING_UPLOADS: '10000' })
    images = openImageProcessor({ children: 2, sandbox: 'auto', logger: silent })
    owners = [await world.owner(), await world.owner()]
  })
  afterAll(async () => {
    await images?.close()
    await world?.close()
  })

  async function take(photos: Known[], contents: readonly Buffer[], { do: what, of, death }: Step) {
    const { db, objects } = mortals({ db: world.db, objects: world.objects }, death)
    const originals = createOriginals({ db, objects, images, maxBytes: 1_000_000, maxPixels: 1_000_000 })
    const validate = async (photo: Known) => {
      if ((await originals.validate(photo.photoId)).outcome === 'valid') photo.isHeld = !ending.has(photo)
    }
    if (what === 'sweep') return sweepBlobs({ db, objects }).run()
    if (what === 'upload') {
      const content = contents[of]!
      const { photoId } = await world.openUpload(owners[of % owners.length]!, { bytes: content.length })
      await world.objects.put(incomingKey(photoId), content, 'image/jpeg')
      await createUploads({ ...world, fanoutShardThreshold: 1_000 }).claim(photoId)
      const photo = { photoId, content, isHeld: false }
      photos.push(photo)
      return validate(photo)
    }
    const photo = photos[of % Math.max(photos.length, 1)]
    if (!photo) return
    if (what === 'validate') return validate(photo)
    ending.add(photo)
    photo.isHeld = false
    if (what === 'fail') {
      await createUploads({ db, objects, fanoutShardThreshold: 1_000 }).fail(photo.photoId, 'cancelled', '')
      return
    }
    await deletePhoto(world.db, photo.photoId).catch(() => undefined)
    await createPhotoObjects({ db, objects }).deleteAll(photo.photoId)
  }
  const ending = new WeakSet<Known>()

  const stored = async (photoId: PhotoId) => {
    const original = await originalOf(world.db.primary, photoId)
    return original && buffer((await world.objects.read(original.objectKey)).body)
  }

  it('are there for each photo that has them, and for none other', async () => {
    const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(rounds, async (story) => {
        const contents = await Promise.all(Array.from({ length: CONTENTS }, tinyPhoto))
        const photos: Known[] = []
        for (const round of story) {
          // Steps of a round run at once, some of them for the same photo, and some of them die.
          const taken = await Promise.allSettled(round.map((one) => take(photos, contents, one)))
          for (const outcome of taken)
            if (outcome.status === 'rejected' && !isExpected(outcome.reason)) throw outcome.reason
          for (const { photoId, content, isHeld } of photos)
            if (isHeld) expect(await stored(photoId)).toEqual(content)
        }
        // Activities run until they succeed.
        const undying = { at: 0, isDone: false }
        for (const photo of photos) {
          const index = photos.indexOf(photo)
          if (ending.has(photo)) await take(photos, contents, { do: 'delete', of: index, death: undying })
          else await take(photos, contents, { do: 'validate', of: index, death: undying })
        }
        await take(photos, contents, { do: 'sweep', of: 0, death: undying })
        const held = photos.filter(({ isHeld }) => isHeld)
        const ids = photos.map(({ photoId }) => photoId)
        const objects = await Promise.all(ids.map((photoId) => world.objects.head(originalKey(photoId))))
        expect(objects.filter(Boolean)).toHaveLength(new Set(held.map(({ content }) => content)).size)
        for (const { photoId, content } of held) expect(await stored(photoId)).toEqual(content)

        for (const [of, photo] of photos.entries())
          if (!ending.has(photo)) await take(photos, contents, { do: 'delete', of, death: undying })
        const left = await world.db.primary({
          text: 'SELECT FROM blobs WHERE blob_id = ANY ($1::uuid[])',
          values: [ids],
        })
        expect(left).toEqual([])
        expect(
          (await Promise.all(ids.map((id) => world.objects.head(originalKey(id))))).filter(Boolean),
        ).toEqual([])
      }),
      { numRuns: RUNS, ...(SEED ? { seed: Number(SEED) } : {}) },
    )
  })
})

/** What a photo that was deleted meanwhile leaves to fail with, besides death. */
const isExpected = (error: unknown) =>
  error instanceof Killed || (error as { name?: string }).name === 'InvalidImageError'

async function tinyPhoto(): Promise<Buffer> {
  return sharp(randomBytes(12 * 12 * 3), { raw: { width: 12, height: 12, channels: 3 } })
    .jpeg()
    .toBuffer()
}
