import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { publishPhoto } from '../../support/factories/photos.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

const THRESHOLD = 2
/** As the promise says. */
const VISIBLE_WITHIN_MS = 1_000

let world: ApiWorld
let celebrity: Person
let ordinary: Person
let follower: Person
let stranger: Person
beforeAll(async () => {
  // No worker runs here: as if every fanout were paused.
  world = await openApiWorld({ FANOUT_SHARD_THRESHOLD: String(THRESHOLD) })
  ;[celebrity, ordinary, follower, stranger] = await Promise.all([
    world.signUp(),
    world.signUp(),
    world.signUp(),
    world.signUp(),
  ])
  await follow(follower, celebrity)
  await follow(await world.signUp(), celebrity)
  await follow(follower, ordinary)
  await follow(stranger, ordinary)
})
afterAll(() => world?.close())

async function follow(who: Person, whom: Person): Promise<void> {
  const { status } = await world.call('PUT', `/v1/users/${whom.username}/follow`, { token: who.token })
  expect(status).toBe(200)
}

/** A photo that the workflow publishes next. */
function processed(owner: Person, visibility: Visibility): Promise<PhotoId> {
  return world.seedPhoto({ ownerId: owner.id, status: 'processing', visibility })
}

const publish = (photoId: PhotoId) => publishPhoto(world.db, photoId, THRESHOLD)

async function feedOf(reader: Person): Promise<PhotoId[]> {
  const { status, body } = await world.call('GET', '/v1/feed?limit=100', { token: reader.token })
  expect(status).toBe(200)
  return body.items.map((item: { id: PhotoId }) => item.id)
}

/** A warm head, and nobody reads on the primary any more because they have just written. */
async function settled(...readers: Person[]): Promise<void> {
  for (const reader of readers) {
    await expect
      .poll(
        async () => {
          await feedOf(reader)
          return (await world.api.clients.redis.exists(`wrote:${reader.id}`)) === 0
        },
        { timeout: 10_000 },
      )
      .toBe(true)
    await feedOf(reader)
  }
}

const inFlight = async () =>
  (await world.db.primary<{ photo_id: PhotoId }>({ text: 'SELECT photo_id FROM in_flight' })).map(
    (row) => row.photo_id,
  )

async function msUntilSeen(reader: Person, photoId: PhotoId): Promise<number> {
  const startedAt = performance.now()
  while (!(await feedOf(reader)).includes(photoId)) {
    if (performance.now() - startedAt > 10_000) throw new Error('not seen')
  }
  return performance.now() - startedAt
}

describe('a celebrity’s photo', () => {
  it('is in a follower’s feed within a second, before its push begins', async () => {
    await settled(follower, stranger)
    const photoId = await processed(celebrity, 'followers')
    await publish(photoId)
    expect(await inFlight()).toEqual([photoId])
    expect(await msUntilSeen(follower, photoId)).toBeLessThan(VISIBLE_WITHIN_MS)
    expect((await feedOf(follower)).filter((seen) => seen === photoId)).toHaveLength(1)
    expect(await feedOf(stranger)).not.toContain(photoId)
  })

  it('is in flight once it is widened into feeds, and not before', async () => {
    const photoId = await processed(celebrity, 'private')
    await publish(photoId)
    expect(await inFlight()).not.toContain(photoId)
    await settled(follower)
    const { status } = await world.call('PATCH', `/v1/photos/${photoId}`, {
      token: celebrity.token,
      body: { visibility: 'public' },
    })
    expect(status).toBe(200)
    expect(await inFlight()).toContain(photoId)
    expect(await msUntilSeen(follower, photoId)).toBeLessThan(VISIBLE_WITHIN_MS)
  })
})

describe('a photo of someone with fewer followers', () => {
  it('is not in flight', async () => {
    const few = await world.signUp()
    const photoId = await processed(few, 'public')
    await publish(photoId)
    expect(await inFlight()).not.toContain(photoId)
  })
})
