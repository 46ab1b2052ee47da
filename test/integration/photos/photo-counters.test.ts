import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { changePhotoCounters } from '../../../src/services/photos/photo-counters.ts'
import { lockAwaited } from '../../support/worlds/feed-world.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

describe('counts beside photos', () => {
  let world: ApiWorld
  let ann: Person

  beforeAll(async () => {
    world = await openApiWorld()
    ann = await world.signUp()
  })
  afterAll(() => world?.close())

  const newPhoto = () => world.seedPhoto({ ownerId: ann.id })
  const count = (photoId: PhotoId, change: { likes?: number; comments?: number }) =>
    world.db.transaction((tx) => changePhotoCounters(tx, [{ photoId, ...change }]))
  const show = (photoId: PhotoId) => world.call('GET', `/v1/photos/${photoId}`, { token: ann.token })
  const slotsOf = (photoId: PhotoId) =>
    world.db.primary<{ slot: number; likes: number; comments: number }>({
      text: 'SELECT slot, likes, comments FROM photo_counters WHERE photo_id = $1 ORDER BY slot',
      values: [photoId],
    })

  it('are 0 without a row for a photo that nobody has liked', async () => {
    const id = await newPhoto()
    expect((await show(id)).body.photo).toMatchObject({ likeCount: 0, commentCount: 0 })
    expect(await slotsOf(id)).toEqual([])
  })

  it('change what is shown and its ETag, but not the version', async () => {
    const id = await newPhoto()
    const before = await show(id)
    await count(id, { likes: 1 })
    await count(id, { likes: 1, comments: 3 })
    await count(id, { comments: -1 })
    const after = await show(id)
    expect(after.body.photo).toMatchObject({ likeCount: 2, commentCount: 2 })
    expect(after.headers.get('ETag')).not.toBe(before.headers.get('ETag'))
    const edit = { token: ann.token, body: { caption: 'liked' } }
    const headers = { 'If-Match': before.headers.get('ETag')! }
    expect((await world.call('PATCH', `/v1/photos/${id}`, { ...edit, headers })).status).toBe(200)
  })

  it('stay in one row while changes do not overlap', async () => {
    const id = await newPhoto()
    for (let n = 0; n < 20; n++) await count(id, { likes: 1 })
    expect(await slotsOf(id)).toEqual([{ slot: 0, likes: 20, comments: 0 }])
  })

  it('take another slot when the first is held, instead of waiting for it', async () => {
    const id = await newPhoto()
    await count(id, { likes: 1 })
    await world.db.transaction(async (tx) => {
      await changePhotoCounters(tx, [{ photoId: id, likes: 1 }])
      await count(id, { likes: 1 })
    })
    const slots = await slotsOf(id)
    expect(slots.map(({ likes }) => likes)).toEqual([2, 1])
    expect((await show(id)).body.photo.likeCount).toBe(3)
  })

  it('take their rows in one order, however they are given', async () => {
    const [first, last] = [await newPhoto(), await newPhoto()]
    const { both } = await world.db.transaction(async (tx) => {
      await changePhotoCounters(tx, [{ photoId: first, likes: 1 }])
      const both = world.db.transaction((other) =>
        changePhotoCounters(
          other,
          [last, first].map((photoId) => ({ photoId, likes: 1 })),
        ),
      )
      await lockAwaited(world.db, '%INSERT INTO photo_counters%')
      // Were this row taken already, the two would wait for each other.
      await changePhotoCounters(tx, [{ photoId: last, likes: 1 }])
      return { both }
    })
    await both
    for (const id of [first, last]) expect((await show(id)).body.photo.likeCount).toBe(2)
  })

  it('are exact when many change several photos at once, in any order', async () => {
    const ids = await Promise.all([newPhoto(), newPhoto(), newPhoto()])
    const likeAll = (order: readonly PhotoId[]) =>
      world.db.transaction((tx) =>
        changePhotoCounters(
          tx,
          order.map((photoId) => ({ photoId, likes: 1 })),
        ),
      )
    const rounds = Array.from({ length: 60 }, (_, n) => likeAll(n % 2 ? ids : ids.toReversed()))
    await Promise.all(rounds)
    for (const id of ids) {
      expect((await show(id)).body.photo.likeCount).toBe(60)
      expect((await slotsOf(id)).length).toBeLessThanOrEqual(16)
    }
  })
})
