import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlbumId, PhotoId } from '../../../src/domain/ids.ts'
import { enterGate } from '../../../src/services/engagement/gate.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

interface Scene {
  owner: Person
  viewer: Person
  photoId: PhotoId
  /** Only of a member. */
  albumId?: AlbumId
}

type Kind = 'follower' | 'stranger' | 'member'

/** A photo for followers, and a follower of its owner; or a public one, and a stranger; or a private one in an album. */
async function openScene(kind: Kind = 'follower'): Promise<Scene> {
  const [owner, viewer] = (await world.people(2)) as [Person, Person]
  if (kind === 'member') {
    const [albumId, photoId] = [
      await world.album(owner),
      await world.seedPhoto({ ownerId: owner.id, visibility: 'private' }),
    ]
    await world.invite(owner, albumId, viewer)
    await world.add(owner, albumId, photoId)
    return { owner, viewer, photoId, albumId }
  }
  if (kind === 'follower') await world.follow(viewer, owner)
  const visibility = kind === 'follower' ? 'followers' : 'public'
  return { owner, viewer, photoId: await world.seedPhoto({ ownerId: owner.id, visibility }) }
}

const like = ({ viewer, photoId }: Scene) =>
  world.call('PUT', `/v1/photos/${photoId}/like`, { token: viewer.token })
const comment = ({ viewer, photoId }: Scene) =>
  world.call('POST', `/v1/photos/${photoId}/comments`, { token: viewer.token, body: { text: 'hello' } })
const likesOf = async (photoId: PhotoId) => {
  const [row] = await world.db.primary<{ n: number }>({
    text: 'SELECT count(*)::int AS n FROM likes WHERE photo_id = $1',
    values: [photoId],
  })
  return row!.n
}

interface Narrowing {
  text: string
  values: (scene: Scene) => unknown[]
  /** The request that does it; without one, no feature does yet. */
  request?: (scene: Scene) => Promise<unknown>
  viewer?: Kind
}

/** Whatever takes the viewer's right. */
const NARROWINGS: Readonly<Record<string, Narrowing>> = {
  'a narrower visibility': {
    text: `UPDATE photos SET visibility = 'private' WHERE photo_id = $1`,
    values: ({ photoId }) => [photoId],
    request: ({ owner, photoId }) =>
      world.call('PATCH', `/v1/photos/${photoId}`, { token: owner.token, body: { visibility: 'private' } }),
  },
  'a deletion': {
    text: `UPDATE photos SET status = 'deleted' WHERE photo_id = $1`,
    values: ({ photoId }) => [photoId],
    request: ({ owner, photoId }) => world.call('DELETE', `/v1/photos/${photoId}`, { token: owner.token }),
  },
  'a takedown': {
    text: `UPDATE photos SET status = 'quarantined' WHERE photo_id = $1`,
    values: ({ photoId }) => [photoId],
  },
  'a suspension': {
    text: `UPDATE users SET status = 'suspended' WHERE user_id = $1`,
    values: ({ owner }) => [owner.id],
  },
  'a private account': {
    text: `UPDATE users SET is_private = true WHERE user_id = $1`,
    values: ({ owner }) => [owner.id],
    request: ({ owner }) => world.setPrivate(owner, true),
    viewer: 'stranger',
  },
  'a block by the owner': {
    text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
    values: ({ owner, viewer }) => [owner.id, viewer.id],
    request: ({ owner, viewer }) => world.block(owner, viewer),
  },
  'a block of the owner': {
    text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
    values: ({ owner, viewer }) => [viewer.id, owner.id],
    request: ({ owner, viewer }) => world.block(viewer, owner),
  },
  'the end of a follow': {
    text: 'DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2',
    values: ({ owner, viewer }) => [viewer.id, owner.id],
    request: ({ owner, viewer }) => world.removeFollower(owner, viewer),
  },
  'the end of a membership': {
    text: 'DELETE FROM album_members WHERE album_id = $1 AND user_id = $2',
    values: ({ albumId, viewer }) => [albumId, viewer.id],
    request: ({ owner, albumId, viewer }) => world.expel(owner, albumId!, viewer),
    viewer: 'member',
  },
  'taking a photo back': {
    text: 'DELETE FROM album_photos WHERE album_id = $1 AND photo_id = $2',
    values: ({ albumId, photoId }) => [albumId, photoId],
    request: ({ owner, albumId, photoId }) => world.remove(owner, albumId!, photoId),
    viewer: 'member',
  },
  'the deletion of an album': {
    text: 'DELETE FROM albums WHERE album_id = $1',
    values: ({ albumId }) => [albumId],
    request: ({ owner, albumId }) => world.call('DELETE', `/v1/albums/${albumId}`, { token: owner.token }),
    viewer: 'member',
  },
}

const narrow = (scene: Scene, { text, values }: Narrowing, meanwhile?: () => Promise<void>) =>
  world.db.transaction(
    async ({ query }) => {
      await query({ text, values: values(scene) })
      if (!meanwhile) return
      // As at the commit, which closes the gate.
      await query({ text: 'SET CONSTRAINTS ALL IMMEDIATE' })
      await meanwhile()
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

describe.each(Object.entries(NARROWINGS))('%s', (_what, narrowing) => {
  it('waits for the likes that are under way, and refuses the next', async () => {
    const scene = await openScene(narrowing.viewer)
    let narrowed: Promise<unknown> | undefined
    let isNarrowed = false
    await world.db.transaction(async (tx) => {
      await enterGate(tx, scene.viewer.id, scene.photoId)
      const request = narrowing.request?.(scene) ?? narrow(scene, narrowing)
      narrowed = request.then(() => (isNarrowed = true))
      await untilWaiting(1)
      expect(isNarrowed).toBe(false)
    })
    await narrowed
    expect((await like(scene)).status).toBe(404)
    expect(await likesOf(scene.photoId)).toBe(0)
  })

  it('makes likes that come before its commit wait for it', async () => {
    const scene = await openScene(narrowing.viewer)
    let answer: ReturnType<typeof like> | undefined
    await narrow(scene, narrowing, async () => {
      answer = like(scene)
      await untilWaiting(1)
    })
    expect((await answer!).status).toBe(404)
    expect(await likesOf(scene.photoId)).toBe(0)
  })

  it('makes comments and edits that come before its commit wait for it', async () => {
    const scene = await openScene(narrowing.viewer)
    const { id } = (await comment(scene)).body.comment
    let answers: Promise<{ status: number }>[] = []
    await narrow(scene, narrowing, async () => {
      const edit = { token: scene.viewer.token, body: { text: 'edited' } }
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

/** What takes the viewer's right to comment alone. */
const STRICTER: Readonly<Record<string, Narrowing>> = {
  'a stricter comment policy': {
    text: `UPDATE photos SET comment_policy = 'nobody' WHERE photo_id = $1`,
    values: ({ photoId }) => [photoId],
  },
  'a stricter default for comments': {
    text: `UPDATE users SET default_comment_policy = 'nobody' WHERE user_id = $1`,
    values: ({ owner }) => [owner.id],
  },
}

describe.each(Object.entries(STRICTER))('%s', (_what, narrowing) => {
  it('refuses comments that come before its commit', async () => {
    const scene = await openScene()
    let answer: ReturnType<typeof comment> | undefined
    await narrow(scene, narrowing, async () => {
      answer = comment(scene)
      await untilWaiting(1)
    })
    expect((await answer!).status).toBe(403)
    expect((await like(scene)).status).toBe(204)
  })
})

describe('the gate', () => {
  it('lets many in at a time', async () => {
    const scene = await openScene('stranger')
    const other = await world.signUp()
    await world.db.transaction(async (tx) => {
      await enterGate(tx, scene.viewer.id, scene.photoId)
      expect((await like({ ...scene, viewer: other })).status).toBe(204)
    })
  })

  it('never stands in a circle of waiting transactions', async () => {
    const people = await world.people(4)
    const photos = await Promise.all(people.map(({ id }) => world.seedPhoto({ ownerId: id })))
    const statuses = new Set<number>()
    const acts = people.flatMap((one, index) => {
      const other = people[(index + 1) % people.length]!
      const scene = { owner: other, viewer: one, photoId: photos[(index + 1) % people.length]! }
      const edit = (visibility: string) =>
        world.call('PATCH', `/v1/photos/${photos[index]}`, { token: one.token, body: { visibility } })
      return [
        async () => (await like(scene)).status,
        async () => (await comment(scene)).status,
        () => world.follow(one, other),
        () => world.removeFollower(other, one),
        () => world.block(one, other),
        () => world.unblock(one, other),
        () => world.block(other, one),
        () => world.unblock(other, one),
        () => world.setPrivate(one, true),
        () => world.setPrivate(one, false),
        async () => (await edit('followers')).status,
        async () => (await edit('public')).status,
      ]
    })
    const repeat = async (act: () => Promise<number>) => {
      for (let n = 0; n < 6; n++) statuses.add(await act())
    }
    await Promise.all(acts.map(repeat))
    expect([...statuses].filter((status) => status >= 500)).toEqual([])
    expect(statuses).toContain(204)
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
