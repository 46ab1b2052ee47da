import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { photoSyncWorkflowId } from '../../../src/contracts/photo-sync.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { variantSpecsOf } from '../../../src/domain/variants.ts'
import { createWorkflowStarts } from '../../../src/services/delivery/workflow-starts.ts'
import { createComments } from '../../../src/services/engagement/comments.ts'
import { createLikes } from '../../../src/services/engagement/likes.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { incomingKey, variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { sweepTrash } from '../../../src/services/photos/sweep-trash.ts'
import { createTrash, type Trash } from '../../../src/services/photos/trash.ts'
import { wakeOwedErasures } from '../../../src/services/retraction/erasures.ts'
import { buildUser } from '../../support/factories/accounts.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { deletePhoto } from '../../support/factories/photos.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let world: UploadWorld
let trash: Trash
beforeAll(async () => {
  world = await openUploadWorld()
  trash = createTrash({ db: world.db, outbox: world.outbox, fanoutShardThreshold: 1_000, keptDays: 30 })
  for (const definition of allWorkers) await world.start(definition)
})
afterAll(() => world?.close())

async function publish(): Promise<OpenUpload> {
  const body = await somePhoto(400, 300)
  const upload = await world.openUpload(await world.owner(), { bytes: body.length, caption: 'Fog #zürich' })
  await world.outbox.dispatch([upload.outboxId])
  await world.objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
  await world.announce(upload)
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(upload.photoId)).result()
  await world.db.primary({
    text: `UPDATE photos SET alt_text = 'Grey', camera = 'Box', latitude = 47, longitude = 8, taken_at = now(), taken_at_offset = 60
      WHERE photo_id = $1`,
    values: [upload.photoId],
  })
  return upload
}

const cardOf = ({ photoId, ownerId }: OpenUpload) => trash.find({ kind: 'user', userId: ownerId }, photoId)
const synced = (photoId: PhotoId) =>
  world.temporal.workflow.getHandle(photoSyncWorkflowId(photoId)).result() as Promise<unknown>

async function receiptOf(photoId: PhotoId) {
  const [row] = await world.db.primary<{ erased_at: Date | null; objects: number; search_documents: number }>(
    {
      text: 'SELECT erased_at, objects, search_documents FROM photo_erasures WHERE photo_id = $1',
      values: [photoId],
    },
  )
  return row
}
const erased = (photoId: PhotoId) =>
  eventually(async () => {
    const receipt = await receiptOf(photoId)
    return receipt?.erased_at ? receipt : undefined
  }, 60_000)

async function storedOf(photoId: PhotoId): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of world.objects.list(variantsPrefix(photoId))) keys.push(key)
  if (await world.objects.head(originalKey(photoId))) keys.push(originalKey(photoId))
  return keys
}

/** The tables that hold something about the photo, other than its own row and its receipt. */
async function holding(photoId: PhotoId): Promise<string[]> {
  const tables = ['photo_tags', 'photo_variants', 'photo_counters', 'likes', 'comments', 'trashed_photos']
  const found = await Promise.all(
    tables.map((table) =>
      world.db.primary({ text: `SELECT FROM ${table} WHERE photo_id = $1 LIMIT 1`, values: [photoId] }),
    ),
  )
  return tables.filter((_, index) => found[index]!.length > 0)
}

describe('an erasure', () => {
  it('leaves nothing of a photo but that there was one, and a receipt', async () => {
    const photo = await publish()
    const { photoId } = photo
    const [fan, other] = [await buildUser(world.db), await buildUser(world.db)]
    const comments = createComments(world)
    await createLikes(world).like(fan.userId, photoId)
    const { commentId } = await comments.create(fan.userId, photoId, {
      text: `Hi @${other.username}`,
      parentId: undefined,
    })
    await comments.create(other.userId, photoId, { text: 'Yes', parentId: commentId })

    await trash.put(await cardOf(photo))
    await synced(photoId)
    const kept = await storedOf(photoId)
    expect(kept.length).toBeGreaterThan(1)
    expect(kept.filter((key) => key.startsWith('variants/')).every((key) => key.includes('/2/'))).toBe(true)
    expect(await holding(photoId)).toContain('comments')
    expect(await receiptOf(photoId)).toBeUndefined()

    await world.db.primary({
      text: 'UPDATE trashed_photos SET erases_at = now() WHERE photo_id = $1',
      values: [photoId],
    })
    expect(await sweepTrash(world.db, 183).run()).toBe(1)
    const receipt = await erased(photoId)
    expect(receipt.objects).toBeGreaterThanOrEqual(kept.length)
    expect(await storedOf(photoId)).toEqual([])
    expect(await holding(photoId)).toEqual([])
    const [row] = await world.db.primary({
      text: 'SELECT to_jsonb(p) AS photo FROM photos p WHERE photo_id = $1',
      values: [photoId],
    })
    const left = Object.entries(row!.photo as Record<string, unknown>).filter(([, value]) => value !== null)
    for (const personal of [
      'caption',
      'alt_text',
      'sha256',
      'thumbhash',
      'perceptual_hash',
      'likeness',
      'taken_at',
      'camera',
      'latitude',
      'longitude',
    ])
      expect(left.map(([name]) => name)).not.toContain(personal)
  })

  it('that no workflow saw to is done by housekeeping', async () => {
    const { photoId } = await publish()
    await deletePhoto(world.db, photoId, { outbox: forgetful(world.db) })
    const sweep = wakeOwedErasures(world.db.primary, createWorkflowStarts(world.temporal))
    await sweep.run()
    expect(await receiptOf(photoId)).toMatchObject({ erased_at: null })
    await world.db.primary({
      text: `UPDATE photo_erasures SET requested_at = now() - interval '11 minutes' WHERE photo_id = $1`,
      values: [photoId],
    })
    expect(await sweep.run()).toBe(1)
    expect((await erased(photoId)).search_documents).toBe(1)
    expect(await storedOf(photoId)).toEqual([])
    expect(await sweep.run()).toBe(0)
  })
})

describe('a photo that is trashed and restored', () => {
  it('has every variant, at keys of the new epoch, and its document', async () => {
    const photo = await publish()
    const { photoId } = photo
    const before = await world.variants(photoId)
    await trash.put(await cardOf(photo))
    await synced(photoId)
    await trash.restore(await cardOf(photo))
    await synced(photoId)
    const after = await world.variants(photoId)
    expect(after.map(({ variant, format }) => [variant, format])).toEqual(
      before.map(({ variant, format }) => [variant, format]),
    )
    for (const { object_key: key } of after) expect(await world.objects.head(key)).toBeDefined()
    expect((await storedOf(photoId)).sort()).toEqual(after.map(({ object_key: key }) => key).sort())
  })

  it('has them too if it was trashed before they were made', async () => {
    const body = await somePhoto()
    const photo = await world.openUpload(await world.owner(), { bytes: body.length })
    await world.outbox.dispatch([photo.outboxId])
    await world.objects.put(incomingKey(photo.photoId), body, 'image/jpeg')
    await world.announce(photo)
    const isReady = async () => (await world.photo(photo.photoId)).status === 'ready'
    await eventually(isReady)
    await trash.put(await cardOf(photo))
    const uploaded = world.temporal.workflow.getHandle(photoUploadWorkflowId(photo.photoId)).result()
    expect(await uploaded).toEqual({ stage: 'ready' })
    await trash.restore(await cardOf(photo))
    await synced(photo.photoId)
    const { width, height, variants } = await cardOf(photo)
    const made = variants.filter(({ variant }) => variant !== 'original')
    expect(made).toHaveLength(variantSpecsOf({ width: width!, height: height! }).length)
    for (const { objectKey } of made) expect(await world.objects.head(objectKey)).toBeDefined()
  })
})
