import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Cdn } from '../../../src/infra/cdn/cdn.ts'
import type { ObjectStore, StoredObject } from '../../../src/infra/s3/object-store.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { recordVariant } from '../../../src/services/photos/photo-row.ts'
import { sweepStoredObjects } from '../../../src/services/retraction/sweep-stored-objects.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

const DAY_MS = 24 * 60 * 60 * 1000

let world: UploadWorld
let owner: UserId
/** Objects of this file alone, as others store theirs under the same prefixes. */
let stored: Set<string>

beforeAll(async () => {
  world = await openUploadWorld()
  owner = await world.owner()
})
afterAll(() => world?.close())
beforeEach(() => {
  stored = new Set()
})

async function store(key: string): Promise<string> {
  await world.objects.put(key, Buffer.from('bytes'), 'image/webp')
  stored.add(key)
  return key
}

const ours = (): ObjectStore => ({
  ...world.objects,
  async *list(prefix: string, after?: string): AsyncIterable<StoredObject> {
    for await (const object of world.objects.list(prefix, after)) if (stored.has(object.key)) yield object
  },
})

const edges = ['http://edge-1', 'http://edge-2']
function cdnThatRecords() {
  const purged: string[] = []
  let isUp = true
  const cdn: Cdn = {
    edges,
    fronts: [],
    deny: async () => undefined,
    async purge(edge, paths) {
      if (!isUp) throw new Error('the edge is away')
      purged.push(...paths.map((path) => `${edge}${path}`))
      return []
    },
    findServed: async () => [],
    denies: async () => true,
  }
  return { cdn, purged, setUp: (up: boolean) => (isUp = up) }
}

const sweepAfter = (ageMs: number, cdn = cdnThatRecords().cdn, maxObjects?: number) =>
  sweepStoredObjects({
    db: world.db,
    objects: ours(),
    cdn,
    now: () => Date.now() + ageMs,
    ...(maxObjects && { maxObjects }),
  })
const left = async () => {
  const heads = await Promise.all(
    [...stored].map(async (key) => [key, await world.objects.head(key)] as const),
  )
  return heads.flatMap(([key, head]) => (head ? [key] : []))
}

async function photoWithVariant(
  status: 'ready' | 'deleted' = 'ready',
): Promise<{ photoId: PhotoId; key: string }> {
  const { photoId } = await buildPhoto(world.db, owner, { status })
  const key = await store(variantKey(photoId, 1, 'thumb_200', 'webp'))
  const size = { width: 2, height: 1, bytes: 5 }
  if (status === 'ready')
    await recordVariant(world.db.primary, photoId, {
      variant: 'thumb_200',
      format: 'webp',
      objectKey: key,
      ...size,
    })
  return { photoId, key }
}

describe('the sweep of stored objects', () => {
  it('deletes and purges what no row has named for a day', async () => {
    const { photoId, key } = await photoWithVariant()
    const orphan = await store(variantKey(photoId, 1, 'medium_800', 'webp'))
    const ofDeleted = (await photoWithVariant('deleted')).key
    const { cdn, purged } = cdnThatRecords()
    expect(await sweepAfter(0, cdn).run()).toBe(0)
    expect(await sweepAfter(2 * DAY_MS, cdn).run()).toBe(2)
    expect(await left()).toEqual([key])
    for (const edge of edges)
      expect(purged).toEqual(expect.arrayContaining([`${edge}/${orphan}`, `${edge}/${ofDeleted}`]))
  })

  it('keeps objects of unknown photos for a month', async () => {
    const unknown = await store(variantKey(randomUUID(), 1, 'thumb_200', 'webp'))
    const original = await store(originalKey(randomUUID()))
    expect(await sweepAfter(29 * DAY_MS).run()).toBe(0)
    expect((await left()).sort()).toEqual([original, unknown].sort())
    expect(await sweepAfter(31 * DAY_MS).run()).toBe(2)
  })

  it('keeps the original of a photo that is being validated', async () => {
    const { photoId } = await buildPhoto(world.db, owner, { status: 'processing' })
    const key = await store(originalKey(photoId))
    expect(await sweepAfter(2 * DAY_MS).run()).toBe(0)
    expect(await left()).toEqual([key])
  })

  it('knows the avatar that is shown, and no other', async () => {
    const [shown, retired, before] = [randomUUID(), randomUUID(), 0]
    await world.db.primary({
      text: `INSERT INTO avatars (avatar_id, owner_id, status, content_type, bytes, upload_expires_at)
        SELECT id, $1, status, 'image/jpeg', 1, now() FROM unnest($2::uuid[], ARRAY['ready', 'retired']) given (id, status)`,
      values: [owner, [shown, retired]],
    })
    await world.db.primary({
      text: 'UPDATE users SET avatar_id = $2, avatar_epoch = 1 WHERE user_id = $1',
      values: [owner, shown],
    })
    const key = await store(variantKey(shown, 1, 'square_256', 'webp'))
    await store(variantKey(shown, before, 'square_256', 'webp'))
    await store(variantKey(retired, 0, 'square_256', 'webp'))
    expect(await sweepAfter(0).run()).toBe(0)
    expect(await sweepAfter(2 * DAY_MS).run()).toBe(2)
    expect(await left()).toEqual([key])
  })

  it('deletes nothing while an edge cannot forget it', async () => {
    const { key } = await photoWithVariant('deleted')
    const { cdn, setUp } = cdnThatRecords()
    setUp(false)
    await expect(sweepAfter(2 * DAY_MS, cdn).run()).rejects.toThrow('the edge is away')
    expect(await left()).toEqual([key])
    setUp(true)
    expect(await sweepAfter(2 * DAY_MS, cdn).run()).toBe(1)
  })

  it('goes through the bucket in several runs, and then from the start', async () => {
    const keys = await Promise.all([1, 2, 3].map(async () => (await photoWithVariant('deleted')).key))
    const sweep = () => sweepAfter(2 * DAY_MS, undefined, 2)
    expect(await sweep().run()).toBe(2)
    expect(await left()).toHaveLength(1)
    expect(await sweep().run()).toBe(1)
    await store(keys[0]!)
    expect(await sweep().run()).toBe(1)
  })
})
