import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { enterGate } from '../../../src/services/engagement/gate.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

interface Scene {
  owner: Person
  follower: Person
  photoId: PhotoId
}

/** A photo for followers, and a follower of its owner. */
async function openScene(): Promise<Scene> {
  const [owner, follower] = [await world.signUp(), await world.signUp()]
  await world.call('PUT', `/v1/users/${owner.username}/follow`, { token: follower.token })
  const photoId = await world.seedPhoto({ ownerId: owner.id, visibility: 'followers' })
  return { owner, follower, photoId }
}

const like = ({ follower, photoId }: Scene) =>
  world.call('PUT', `/v1/photos/${photoId}/like`, { token: follower.token })
const comment = ({ follower, photoId }: Scene) =>
  world.call('POST', `/v1/photos/${photoId}/comments`, { token: follower.token, body: { text: 'hello' } })
const likesOf = async (photoId: PhotoId) => {
  const [row] = await world.db.primary<{ n: number }>({
    text: 'SELECT count(*)::int AS n FROM likes WHERE photo_id = $1',
    values: [photoId],
  })
  return row!.n
}

type Statement = readonly [text: string, values: (scene: Scene) => unknown[]]

/** The statements that take the follower's right, as the features that take it run them. */
const NARROWINGS: Readonly<Record<string, Statement>> = {
  'a narrower visibility': [
    `UPDATE photos SET visibility = 'private' WHERE photo_id = $1`,
    ({ photoId }) => [photoId],
  ],
  'a deletion': [`UPDATE photos SET status = 'deleted' WHERE photo_id = $1`, ({ photoId }) => [photoId]],
  'a takedown': [`UPDATE photos SET status = 'quarantined' WHERE photo_id = $1`, ({ photoId }) => [photoId]],
  'a suspension': [`UPDATE users SET status = 'suspended' WHERE user_id = $1`, ({ owner }) => [owner.id]],
  'a block by the owner': [
    'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
    ({ owner, follower }) => [owner.id, follower.id],
  ],
  'a block of the owner': [
    'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
    ({ owner, follower }) => [follower.id, owner.id],
  ],
  'the end of a follow': [
    'DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2',
    ({ owner, follower }) => [follower.id, owner.id],
  ],
}

const narrow = (scene: Scene, [text, values]: Statement, meanwhile?: () => Promise<void>) =>
  world.db.transaction(
    async ({ query }) => {
      await query({ text, values: values(scene) })
      await meanwhile?.()
    },
    { narrows: true },
  )

const PATIENT = { timeout: 20_000 }

/** Waits until as many transactions of this database wait for a lock. */
const untilWaiting = (count: number) =>
  expect
    .poll(async () => {
      const [row] = await world.db.primary<{ n: number }>({
        text: `SELECT count(*)::int AS n FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      })
      return row!.n
    }, PATIENT)
    .toBe(count)

describe.each(Object.entries(NARROWINGS))('%s', (_what, statement) => {
  it('waits for the likes that are under way, and refuses the next', async () => {
    const scene = await openScene()
    let narrowed: Promise<unknown> | undefined
    let isNarrowed = false
    await world.db.transaction(async (tx) => {
      await enterGate(tx, scene.follower.id, scene.photoId)
      narrowed = narrow(scene, statement).then(() => (isNarrowed = true))
      await untilWaiting(1)
      expect(isNarrowed).toBe(false)
    })
    await narrowed
    expect((await like(scene)).status).toBe(404)
    expect(await likesOf(scene.photoId)).toBe(0)
  })

  it('makes likes that come before its commit wait for it', async () => {
    const scene = await openScene()
    let answer: ReturnType<typeof like> | undefined
    await narrow(scene, statement, async () => {
      answer = like(scene)
      await untilWaiting(1)
    })
    expect((await answer!).status).toBe(404)
    expect(await likesOf(scene.photoId)).toBe(0)
  })

  it('makes comments and edits that come before its commit wait for it', async () => {
    const scene = await openScene()
    const { id } = (await comment(scene)).body.comment
    let answers: Promise<{ status: number }>[] = []
    await narrow(scene, statement, async () => {
      const edit = { token: scene.follower.token, body: { text: 'edited' } }
      answers = [comment(scene), world.call('PATCH', `/v1/comments/${id}`, edit)]
      await untilWaiting(2)
    })
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404])
    const rows = await world.db.primary({
      text: 'SELECT text FROM comments WHERE photo_id = $1',
      values: [scene.photoId],
    })
    expect(rows).toEqual([{ text: 'hello' }])
  })
})

/** What takes the follower's right to comment alone. */
const STRICTER: Readonly<Record<string, Statement>> = {
  'a stricter comment policy': [
    `UPDATE photos SET comment_policy = 'nobody' WHERE photo_id = $1`,
    ({ photoId }) => [photoId],
  ],
  'a stricter default for comments': [
    `UPDATE users SET default_comment_policy = 'nobody' WHERE user_id = $1`,
    ({ owner }) => [owner.id],
  ],
}

describe.each(Object.entries(STRICTER))('%s', (_what, statement) => {
  it('refuses comments that come before its commit', async () => {
    const scene = await openScene()
    let answer: ReturnType<typeof comment> | undefined
    await narrow(scene, statement, async () => {
      answer = comment(scene)
      await untilWaiting(1)
    })
    expect((await answer!).status).toBe(403)
    expect((await like(scene)).status).toBe(204)
  })
})

describe('the gate', () => {
  it('lets many in at a time', async () => {
    const scene = await openScene()
    const other = await world.signUp()
    await world.call('PUT', `/v1/users/${scene.owner.username}/follow`, { token: other.token })
    await world.db.transaction(async (tx) => {
      await enterGate(tx, scene.follower.id, scene.photoId)
      expect((await like({ ...scene, follower: other })).status).toBe(204)
    })
  })

  it('lets a narrowing through although likes never stop', async () => {
    const owner = await world.signUp()
    const photoId = await world.seedPhoto({ ownerId: owner.id })
    const people = await Promise.all(Array.from({ length: 24 }, () => world.signUp()))
    let accepted = 0
    let refused = 0
    let isOver = false
    const likeForEver = async (person: Person) => {
      for (let n = 0; !isOver; n++) {
        const method = n % 2 ? 'DELETE' : 'PUT'
        const { status } = await world.call(method, `/v1/photos/${photoId}/like`, { token: person.token })
        if (status === 404) {
          refused++
          return
        }
        expect(status).toBe(204)
        accepted++
      }
    }
    const all = Promise.all(people.map(likeForEver))
    all.catch(() => undefined)
    try {
      await expect.poll(() => accepted, PATIENT).toBeGreaterThan(50)
      const edit = { token: owner.token, body: { visibility: 'private' } }
      expect((await world.call('PATCH', `/v1/photos/${photoId}`, edit)).status).toBe(200)
      const left = await likesOf(photoId)
      await expect.poll(() => refused, PATIENT).toBe(people.length)
      expect(await likesOf(photoId)).toBe(left)
    } finally {
      isOver = true
      await all
    }
    const left = await likesOf(photoId)
    const shown = await world.call('GET', `/v1/photos/${photoId}`, { token: owner.token })
    expect(shown.body.photo.likeCount).toBe(left)
  })
})
