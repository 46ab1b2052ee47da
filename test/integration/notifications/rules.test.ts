import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

let world: NotificationWorld
let owner: Person
let ann: Person
let bob: Person
let photoId: PhotoId

beforeAll(async () => {
  world = await openNotificationWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[owner, ann, bob] = (await world.people(3)) as [Person, Person, Person]
  photoId = await world.seedPhoto({ ownerId: owner.id })
})

/** The kinds and actors in a list, which the unread count must equal: nothing is read here. */
async function told(who: Person): Promise<string[]> {
  const items = await world.told(who)
  expect(await world.unread(who)).toBe(items.length)
  for (const { actors, actorCount } of items) expect(actors.length).toBe(Math.min(3, actorCount))
  return items.map(({ kind, actors }) => [kind, ...actors.map(({ username }: Json) => username)].join(' '))
}

const hides = [
  ['a block by the recipient', (actor: Person) => world.block(owner, actor)],
  ['a block by the actor', (actor: Person) => world.block(actor, owner)],
  ['a mute', (actor: Person) => world.mute(owner, actor)],
  [
    'a mute for a time',
    (actor: Person) => world.mute(owner, actor, { until: new Date(Date.now() + 3_600_000).toISOString() }),
  ],
  ['the suspension of the actor', (actor: Person) => world.setStatus(actor, 'suspended')],
] as const

describe.each(hides)('%s', (_, hide) => {
  it('keeps what is not written yet from being written', async () => {
    await world.like(ann, photoId)
    await world.comment(ann, photoId, 'Fog!')
    await world.follow(ann, owner)
    await hide(ann)
    expect(await told(owner)).toEqual([])
    const rows = await world.db.primary({
      text: 'SELECT FROM notifications WHERE recipient_id = $1',
      values: [owner.id],
    })
    expect(rows).toEqual([])
  })

  it('hides what is written, from list, counts and unread count', async () => {
    await world.like(ann, photoId)
    await world.like(bob, photoId)
    await world.comment(ann, photoId, 'Fog!')
    expect(await told(owner)).toEqual([`comment ${ann.username}`, `like ${bob.username} ${ann.username}`])
    await hide(ann)
    expect(await told(owner)).toEqual([`like ${bob.username}`])
  })
})

describe('what was hidden', () => {
  it('comes back with the end of a mute or suspension', async () => {
    await world.like(ann, photoId)
    const all = await told(owner)
    await world.mute(owner, ann)
    expect(await told(owner)).toEqual([])
    await world.unmute(owner, ann)
    expect(await told(owner)).toEqual(all)
    await world.setStatus(ann, 'suspended')
    expect(await told(owner)).toEqual([])
    await world.setStatus(ann, 'active')
    expect(await told(owner)).toEqual(all)
  })

  it('comes back when a mute runs out', async () => {
    await world.like(ann, photoId)
    const all = await told(owner)
    await world.mute(owner, ann, { until: new Date(Date.now() + 3_000).toISOString() })
    expect(await told(owner)).toEqual([])
    await expect.poll(() => told(owner), { timeout: 15_000 }).toEqual(all)
  })

  it('is not written later if a mute held when it came', async () => {
    await world.mute(owner, ann)
    await world.like(ann, photoId)
    await world.write()
    await world.unmute(owner, ann)
    expect(await told(owner)).toEqual([])
  })
})

describe('what was taken back', () => {
  it('is not told of, and comes back unread only once', async () => {
    await world.like(ann, photoId)
    await world.unlike(ann, photoId)
    expect(await told(owner)).toEqual([])
    await world.like(ann, photoId)
    expect(await told(owner)).toEqual([`like ${ann.username}`])
    await world.unlike(ann, photoId)
    expect(await told(owner)).toEqual([])
    await world.like(ann, photoId)
    const [item, ...none] = await world.told(owner)
    expect(none).toEqual([])
    await world.markRead(owner, item.createdAt)
    for (let n = 0; n < 3; n++) {
      await world.unlike(ann, photoId)
      await world.like(ann, photoId)
      await world.write()
    }
    expect(await world.unread(owner)).toBe(0)
    expect(await world.told(owner)).toHaveLength(1)
  })

  it('leaves the others of its notification', async () => {
    for (const person of [ann, bob]) await world.like(person, photoId)
    expect(await told(owner)).toEqual([`like ${bob.username} ${ann.username}`])
    await world.unlike(bob, photoId)
    expect(await told(owner)).toEqual([`like ${ann.username}`])
  })

  it('of a follow or a request, is gone', async () => {
    await world.follow(ann, owner)
    expect(await told(owner)).toEqual([`follow ${ann.username}`])
    await world.unfollow(ann, owner)
    expect(await told(owner)).toEqual([])
    await world.setPrivate(owner, true)
    await world.follow(bob, owner)
    expect(await told(owner)).toEqual([`follow_request ${bob.username}`])
    await world.decline(owner, bob)
    expect(await told(owner)).toEqual([])
    await world.follow(bob, owner)
    await world.approve(owner, bob)
    expect(await told(bob)).toEqual([`follow_approved ${owner.username}`])
    await world.removeFollower(owner, bob)
    expect(await told(bob)).toEqual([])
  })

  it('of a comment, shows the one before it', async () => {
    const first = await world.comment(ann, photoId, 'One.')
    const second = await world.comment(ann, photoId, 'Two.')
    expect((await world.told(owner))[0]).toMatchObject({ actorCount: 1, comment: { id: second } })
    const remove = (id: string) => world.call('DELETE', `/v1/comments/${id}`, { token: ann.token })
    await remove(second)
    expect((await world.told(owner))[0]).toMatchObject({ actorCount: 1, comment: { id: first } })
    await remove(first)
    expect(await told(owner)).toEqual([])
  })

  it('takes the replies to a deleted comment along', async () => {
    const parentId = await world.comment(owner, photoId, 'A lake.')
    await world.comment(ann, photoId, `Which, @${bob.username}?`, parentId)
    expect(await told(owner)).toEqual([`reply ${ann.username}`])
    expect(await told(bob)).toEqual([`mention ${ann.username}`])
    await world.call('DELETE', `/v1/comments/${parentId}`, { token: owner.token })
    expect(await told(owner)).toEqual([])
    expect(await told(bob)).toEqual([])
  })
})

describe('a photo or album that is hidden from the recipient', () => {
  const mention = () => world.comment(ann, photoId, `Look, @${bob.username}`)

  it('takes its notification along, and brings it back', async () => {
    await mention()
    expect(await told(bob)).toEqual([`mention ${ann.username}`])
    await world.editPhoto(owner, photoId, { visibility: 'private' })
    expect(await told(bob)).toEqual([])
    await world.editPhoto(owner, photoId, { visibility: 'public' })
    expect(await told(bob)).toEqual([`mention ${ann.username}`])
    await world.setPrivate(owner, true)
    expect(await told(bob)).toEqual([])
  })

  it('is not told of if it was hidden before', async () => {
    await mention()
    await world.editPhoto(owner, photoId, { visibility: 'private' })
    await world.write()
    await world.editPhoto(owner, photoId, { visibility: 'public' })
    expect(await told(bob)).toEqual([])
  })

  it('tells the owner of a deleted photo nothing more', async () => {
    await world.like(ann, photoId)
    expect(await told(owner)).toEqual([`like ${ann.username}`])
    await world.call('DELETE', `/v1/photos/${photoId}`, { token: owner.token })
    expect(await told(owner)).toEqual([])
  })

  it('is hidden by a block of its owner, whoever commented', async () => {
    await mention()
    expect(await told(bob)).toEqual([`mention ${ann.username}`])
    await world.block(owner, bob)
    expect(await told(bob)).toEqual([])
  })

  it('hides an album that is deleted', async () => {
    const albumId = await world.album(owner)
    await world.invite(owner, albumId, ann)
    expect(await told(ann)).toEqual([`album_shared ${owner.username}`])
    await world.call('DELETE', `/v1/albums/${albumId}`, { token: owner.token })
    expect(await told(ann)).toEqual([])
  })
})

describe('settings', () => {
  it('begin with everything in the app and nothing pushed', async () => {
    const { status, body } = await world.call('GET', '/v1/me/notification-settings', { token: ann.token })
    expect(status).toBe(200)
    for (const setting of Object.values(body.settings)) expect(setting).toEqual({ inApp: true, push: false })
  })

  it('change what is given and keep the rest', async () => {
    await world.setting(ann, { like: { inApp: false } })
    await world.setting(ann, { like: { push: true }, follow: { push: true } })
    const settings = await world.setting(ann, { follow: { push: false } })
    expect(settings.like).toEqual({ inApp: false, push: true })
    expect(settings.follow).toEqual({ inApp: true, push: false })
  })

  it('keep a kind from being written from then on', async () => {
    await world.like(ann, photoId)
    await world.write()
    await world.setting(owner, { like: { inApp: false } })
    await world.like(bob, photoId)
    expect(await told(owner)).toEqual([`like ${ann.username}`])
    await world.setting(owner, { like: { inApp: true } })
    expect(await told(owner)).toEqual([`like ${ann.username}`])
  })

  it('choose the next relation to a comment', async () => {
    const say = () => world.comment(ann, photoId, `Fog, @${owner.username}`)
    await world.setting(owner, { mention: { inApp: false } })
    await say()
    expect(await told(owner)).toEqual([`comment ${ann.username}`])
    await world.setting(owner, { comment: { inApp: false } })
    await say()
    expect((await world.told(owner))[0].actorCount).toBe(1)
  })

  it.each([
    [{}, 'body'],
    [{ likes: { inApp: true } }, 'body.likes'],
    [{ like: {} }, 'body.like'],
    [{ like: { inApp: 'no' } }, 'body.like.inApp'],
    [{ like: { inApp: true, email: true } }, 'body.like.email'],
    [{ like: null }, 'body.like'],
    [{ security: { inApp: false } }, 'body.security.inApp'],
  ])('refuse %j and store nothing', async (body, path) => {
    const before = await world.rowCounts()
    const answer = await world.call('PATCH', '/v1/me/notification-settings', { token: ann.token, body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(path)
    expect(await world.rowCounts()).toEqual(before)
  })
})
