import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepAlbumActivity } from '../../../src/services/albums/sweep-activity.ts'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

/** The whole activity as they see it, latest first, walked in small pages: kind, actor, and the photo or account. */
async function activity(viewer: Person, albumId: string): Promise<unknown[]> {
  const entries: Json[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const at: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await world.call('GET', `/v1/albums/${albumId}/activity?limit=2${at}`, {
      token: viewer.token,
    })
    entries.push(...body.items)
    cursor = body.nextCursor
  }
  return entries.map(({ kind, actor, photoId, user }) => [kind, actor.id, photoId ?? user?.id ?? null])
}

describe('the activity of an album', () => {
  it('tells what happened, latest first', async () => {
    const [ann, bob, cyd] = (await world.people(3)) as [Person, Person, Person]
    const albumId = await world.album(ann)
    const patch = (body: object) => world.call('PATCH', `/v1/albums/${albumId}`, { token: ann.token, body })
    const photoId = await world.seedPhoto({ ownerId: bob.id })
    await world.invite(ann, albumId, bob, 'contributor')
    await world.invite(ann, albumId, bob, 'contributor')
    await world.add(bob, albumId, photoId)
    await world.add(bob, albumId, photoId)
    await world.add(bob, albumId, photoId, 0)
    await patch({ title: 'New' })
    await patch({ title: 'New' })
    await patch({ description: 'Text' })
    await world.invite(ann, albumId, bob, 'admin')
    await world.invite(bob, albumId, cyd)
    await world.expel(bob, albumId, cyd)
    await world.remove(ann, albumId, photoId)
    await world.transfer(ann, albumId, bob)
    await world.leave(ann, albumId)
    expect(await activity(bob, albumId)).toEqual([
      ['member_left', ann.id, null],
      ['owner_changed', ann.id, bob.id],
      ['photo_removed', ann.id, photoId],
      ['member_removed', bob.id, cyd.id],
      ['member_added', bob.id, cyd.id],
      ['role_changed', ann.id, bob.id],
      ['edited', ann.id, null],
      ['renamed', ann.id, null],
      ['photo_added', bob.id, photoId],
      ['member_added', ann.id, bob.id],
      ['created', ann.id, null],
    ])
  })

  it('names no photo and no account that is hidden from the viewer', async () => {
    const [ann, bob, cyd] = (await world.people(3)) as [Person, Person, Person]
    const albumId = await world.album(ann)
    await world.invite(ann, albumId, bob, 'contributor')
    await world.invite(ann, albumId, cyd)
    const [kept, taken] = [
      await world.seedPhoto({ ownerId: bob.id, visibility: 'private' }),
      await world.seedPhoto({ ownerId: bob.id, visibility: 'private' }),
    ]
    await world.add(bob, albumId, kept)
    await world.add(bob, albumId, taken)
    await world.remove(bob, albumId, taken)
    const beginning = [
      ['member_added', ann.id, cyd.id],
      ['member_added', ann.id, bob.id],
      ['created', ann.id, null],
    ]
    const seen = [['photo_added', bob.id, kept], ...beginning]
    expect(await activity(ann, albumId)).toEqual(seen)
    expect(await activity(bob, albumId)).toEqual([
      ['photo_removed', bob.id, taken],
      ['photo_added', bob.id, taken],
      ...seen,
    ])
    await world.block(cyd, bob)
    expect(await activity(cyd, albumId)).toEqual([beginning[0], beginning[2]])
    expect(await activity(ann, albumId)).toEqual(seen)
    await world.setStatus(bob, 'suspended')
    expect(await activity(ann, albumId)).toEqual([beginning[0], beginning[2]])
  })

  it('tells of a member who left by a block as of any other', async () => {
    const [ann, bob, cyd] = (await world.people(3)) as [Person, Person, Person]
    const albumId = await world.album(ann)
    await world.invite(ann, albumId, bob)
    await world.invite(ann, albumId, cyd)
    await world.block(ann, bob)
    expect((await activity(cyd, albumId))[0]).toEqual(['member_left', bob.id, null])
    expect((await activity(ann, albumId))[0]).toEqual(['member_added', ann.id, cyd.id])
  })

  it('is kept for 90 days', async () => {
    const [ann] = await world.people(1)
    const albumId = await world.album(ann!)
    await world.album(ann!)
    await world.db.primary({
      text: `UPDATE album_activity SET created_at = now() - interval '91 days' WHERE album_id = $1`,
      values: [albumId],
    })
    expect(await sweepAlbumActivity(world.db.primary).run()).toBe(1)
    expect(await activity(ann!, albumId)).toEqual([])
  })
})
