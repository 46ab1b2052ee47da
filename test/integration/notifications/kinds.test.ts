import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { publishPhoto } from '../../support/factories/photos.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

let world: NotificationWorld
let owner: Person
let ann: Person
let bob: Person

beforeAll(async () => {
  world = await openNotificationWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[owner, ann, bob] = (await world.people(3)) as [Person, Person, Person]
})

const newPhoto = (fields: object = {}) => world.seedPhoto({ ownerId: owner.id, ...fields })
const names = ({ actors }: Json): string[] => actors.map(({ username }: Json) => username)
/** What matters of a list: kind, actors and their number. */
const brief = (items: Json[]) => items.map((item) => [item.kind, names(item), item.actorCount])

describe('an account is told of', () => {
  it('a follow', async () => {
    await world.follow(ann, owner)
    const told = await world.told(owner)
    expect(brief(told)).toEqual([['follow', [ann.username], 1]])
    expect(told[0]).toMatchObject({ readAt: null })
    expect(Object.keys(told[0])).not.toContain('photo')
    expect(await world.told(ann)).toEqual([])
  })

  it('a request to follow, and whoever asked of its approval', async () => {
    await world.setPrivate(owner, true)
    await world.follow(ann, owner)
    expect(brief(await world.told(owner))).toEqual([['follow_request', [ann.username], 1]])
    await world.approve(owner, ann)
    expect(brief(await world.told(ann))).toEqual([['follow_approved', [owner.username], 1]])
    // The request is answered, and the owner knows who follows since.
    expect(await world.told(owner)).toEqual([])
  })

  it('approvals by an account that opens', async () => {
    await world.setPrivate(owner, true)
    await world.follow(ann, owner)
    await world.setPrivate(owner, false)
    expect(brief(await world.told(ann))).toEqual([['follow_approved', [owner.username], 1]])
  })

  it('a like, with the photo', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    const told = await world.told(owner)
    expect(brief(told)).toEqual([['like', [ann.username], 1]])
    expect(told[0].photo).toMatchObject({ id: photoId, likeCount: 1 })
  })

  it('a comment, with its text', async () => {
    const photoId = await newPhoto()
    const id = await world.comment(ann, photoId, 'Fog!')
    const told = await world.told(owner)
    expect(brief(told)).toEqual([['comment', [ann.username], 1]])
    expect(told[0]).toMatchObject({ photo: { id: photoId }, comment: { id, text: 'Fog!' } })
  })

  it('a reply, and the owner of the photo of a comment', async () => {
    const photoId = await newPhoto()
    const parentId = await world.comment(ann, photoId, 'Where is this?')
    const id = await world.comment(bob, photoId, 'On the lake.', parentId)
    const told = await world.told(ann)
    expect(brief(told)).toEqual([['reply', [bob.username], 1]])
    expect(told[0]).toMatchObject({ photo: { id: photoId }, comment: { id, parentId } })
    expect(brief(await world.told(owner))).toEqual([['comment', [bob.username, ann.username], 2]])
  })

  it('a mention, once it is made and when an edit adds it', async () => {
    const photoId = await newPhoto()
    const id = await world.comment(ann, photoId, `Look, @${bob.username}`)
    expect((await world.told(bob))[0]).toMatchObject({ kind: 'mention', comment: { id } })
    const [carl] = (await world.people(1)) as [Person]
    const edit = (text: string) =>
      world.call('PATCH', `/v1/comments/${id}`, { token: ann.token, body: { text } })
    await edit(`Look, @${bob.username} and @${carl.username}`)
    expect(brief(await world.told(carl))).toEqual([['mention', [ann.username], 1]])
    expect(await world.told(bob)).toHaveLength(1)
    await edit('Look')
    expect(await world.told(carl)).toEqual([])
    expect(await world.told(bob)).toEqual([])
  })

  it('one comment once, by its closest relation', async () => {
    const photoId = await newPhoto()
    const parentId = await world.comment(owner, photoId, 'A lake.')
    await world.comment(ann, photoId, `Yes, @${owner.username}`, parentId)
    expect(brief(await world.told(owner))).toEqual([['mention', [ann.username], 1]])
  })

  it('ten mentions of a comment and no more', async () => {
    const people = await world.people(12)
    const text = people.map(({ username }) => `@${username}`).join(' ')
    await world.comment(ann, await newPhoto(), text)
    const told = await Promise.all(people.map((person) => world.told(person)))
    expect(told.map((items) => items.length)).toEqual([...Array<number>(10).fill(1), 0, 0])
  })

  it('membership of an album, with the album', async () => {
    const albumId = await world.album(owner, { title: 'Fog' })
    await world.invite(owner, albumId, ann)
    const told = await world.told(ann)
    expect(brief(told)).toEqual([['album_shared', [owner.username], 1]])
    expect(told[0].album).toMatchObject({ id: albumId, title: 'Fog', role: 'viewer' })
    await world.invite(owner, albumId, ann, 'contributor')
    expect(await world.told(ann)).toHaveLength(1)
    await world.expel(owner, albumId, ann)
    expect(await world.told(ann)).toEqual([])
  })

  it('photos of guests that wait in a drop box, until it decides', async () => {
    const albumId = await world.album(owner)
    const link = await world.link(owner, albumId, { allowUpload: true })
    const items: string[] = []
    for (let n = 0; n < 2; n++) {
      expect((await world.offer(link)).status).toBe(201)
      const [row] = await world.db.primary<{ photo_id: string }>({
        text: `UPDATE photos SET status = 'processing', sha256 = decode(replace(photo_id::text, '-', ''), 'hex')
               WHERE owner_id = $1 AND status = 'awaiting_upload' RETURNING photo_id`,
        values: [owner.id],
      })
      await publishPhoto(world.db, row!.photo_id)
      items.push(row!.photo_id)
    }
    const told = await world.told(owner)
    expect(brief(told)).toEqual([['drop_box', [], 2]])
    expect(told[0]).toMatchObject({ album: { id: albumId }, photo: { id: items[1], status: 'offered' } })
    const decide = (method: string, id: string) =>
      world.call(method, `/v1/albums/${albumId}/drop-box/${id}`, { token: owner.token })
    await decide('PUT', items[1]!)
    expect((await world.told(owner))[0]).toMatchObject({ actorCount: 1, photo: { id: items[0] } })
    await decide('DELETE', items[0]!)
    expect(await world.told(owner)).toEqual([])
    expect(await world.unread(owner)).toBe(0)
  })

  it('nothing that it does itself', async () => {
    const photoId = await newPhoto()
    await world.like(owner, photoId)
    const parentId = await world.comment(owner, photoId, `Me, @${owner.username}`)
    await world.comment(owner, photoId, 'Again.', parentId)
    expect(await world.write()).toBe(0)
    expect(await world.told(owner)).toEqual([])
  })
})

describe('what many do about one thing', () => {
  it('is one notification, with the latest three', async () => {
    const photoId = await newPhoto()
    const people = await world.people(13)
    for (const person of people) await world.like(person, photoId)
    const told = await world.told(owner)
    const latest = people.map(({ username }) => username).reverse()
    expect(brief(told)).toEqual([['like', latest.slice(0, 3), 13]])
    expect(await world.unread(owner)).toBe(1)
  })

  it('grows until it is read, and then begins another one', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    const [first] = await world.told(owner)
    await world.like(bob, photoId)
    const [grown, ...none] = await world.told(owner)
    expect(none).toEqual([])
    expect(grown).toMatchObject({ id: first.id, actorCount: 2 })
    expect(Date.parse(grown.createdAt)).toBeGreaterThan(Date.parse(first.createdAt))

    expect(await world.markRead(owner, grown.createdAt)).toBe(204)
    expect(await world.unread(owner)).toBe(0)
    const [carl] = (await world.people(1)) as [Person]
    await world.like(carl, photoId)
    const told = await world.told(owner)
    expect(brief(told)).toEqual([
      ['like', [carl.username], 1],
      ['like', [bob.username, ann.username], 2],
    ])
    expect(told.map(({ readAt }) => readAt === null)).toEqual([true, false])
  })

  it('is apart for each photo and kind', async () => {
    const photos = [await newPhoto(), await newPhoto()]
    for (const photoId of photos) {
      await world.like(ann, photoId)
      await world.comment(ann, photoId, 'Fog!')
    }
    expect((await world.told(owner)).map(({ kind, photo }) => `${kind} ${photo.id}`).sort()).toEqual(
      photos.flatMap((photoId) => [`comment ${photoId}`, `like ${photoId}`]).sort(),
    )
  })

  it('stays unread if somebody has joined since the list was shown', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    const [shown] = await world.told(owner)
    await world.like(bob, photoId)
    await world.write()
    await world.markRead(owner, shown.createdAt)
    expect(await world.unread(owner)).toBe(1)
  })

  it('counts a hundred one by one, and all beyond', async () => {
    const photoId = await newPhoto()
    const people = await world.people(102)
    await Promise.all(people.map((person) => world.like(person, photoId)))
    expect((await world.told(owner))[0].actorCount).toBe(102)
    await Promise.all(people.slice(0, 99).map((person) => world.unlike(person, photoId)))
    const [told] = await world.told(owner)
    expect(told.actorCount).toBe(102)
    expect(names(told).length).toBe(3)
  })
})
