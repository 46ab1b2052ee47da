import { expect } from 'vitest'
import type { GivenRole } from '../../../src/domain/albums.ts'
import type { AlbumId, PhotoId } from '../../../src/domain/ids.ts'
import type { Json, Person } from './api-world.ts'
import { openGraphWorld, type GraphWorld } from './graph-world.ts'

/** An API world, accounts that do things to each other, and albums. */
export interface AlbumWorld extends GraphWorld {
  /** A new album's id; private unless the fields say otherwise. */
  album(owner: Person, fields?: object): Promise<AlbumId>
  /** Resolves with the status of the answer. */
  add(who: Person, albumId: AlbumId, photoId: PhotoId, position?: number): Promise<number>
  remove(who: Person, albumId: AlbumId, photoId: PhotoId): Promise<number>
  invite(who: Person, albumId: AlbumId, whom: Person, role?: GivenRole): Promise<number>
  expel(who: Person, albumId: AlbumId, whom: Person): Promise<number>
  leave(who: Person, albumId: AlbumId): Promise<number>
  transfer(who: Person, albumId: AlbumId, whom: Person): Promise<number>
  /** Changes a photo as its owner does, which must work. */
  editPhoto(owner: Person, photoId: PhotoId, changes: object): Promise<void>
  /** The album as they see it; undefined if it is absent. */
  seen(viewer: Person, albumId: AlbumId): Promise<Json>
  /** The ids in a whole list, walked in pages of `limit`; undefined if the list is absent. */
  ids(viewer: Person, path: string, limit?: number): Promise<string[] | undefined>
  /** The photos of the album that they see, in its order. */
  photosIn(viewer: Person, albumId: AlbumId, limit?: number): Promise<string[] | undefined>
  /** Albums whose rows contradict each other, which no order of requests may leave behind. */
  albumContradictions(): Promise<Json[]>
}

export async function openAlbumWorld(overrides: Record<string, string> = {}): Promise<AlbumWorld> {
  const graph = await openGraphWorld(overrides)
  const send = async (who: Person, method: string, path: string, body?: object) =>
    (await graph.call(method, `/v1${path}`, { token: who.token, ...(body ? { body } : {}) })).status

  const world: AlbumWorld = {
    ...graph,
    async album(owner, fields = {}) {
      const { status, body } = await graph.call('POST', '/v1/albums', {
        token: owner.token,
        body: { title: 'Album', visibility: 'private', ...fields },
      })
      expect(status).toBe(201)
      return body.album.id
    },
    add: (who, albumId, photoId, position) =>
      send(
        who,
        'PUT',
        `/albums/${albumId}/photos/${photoId}`,
        position === undefined ? undefined : { position },
      ),
    remove: (who, albumId, photoId) => send(who, 'DELETE', `/albums/${albumId}/photos/${photoId}`),
    invite: (who, albumId, whom, role = 'viewer') =>
      send(who, 'PUT', `/albums/${albumId}/members/${whom.username}`, { role }),
    expel: (who, albumId, whom) => send(who, 'DELETE', `/albums/${albumId}/members/${whom.username}`),
    leave: (who, albumId) => send(who, 'DELETE', `/albums/${albumId}/members/me`),
    transfer: (who, albumId, whom) =>
      send(who, 'PUT', `/albums/${albumId}/owner`, { username: whom.username }),
    async editPhoto(owner, photoId, changes) {
      expect(await send(owner, 'PATCH', `/photos/${photoId}`, changes)).toBe(200)
    },
    async seen(viewer, albumId) {
      const { status, body } = await graph.call('GET', `/v1/albums/${albumId}`, { token: viewer.token })
      expect([200, 404]).toContain(status)
      return status === 200 ? body.album : undefined
    },
    async ids(viewer, path, limit = 100) {
      const ids: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const at: string = cursor === '' ? '' : `&cursor=${cursor}`
        const { status, body } = await graph.call('GET', `/v1${path}?limit=${limit}${at}`, {
          token: viewer.token,
        })
        if (status === 404) return undefined
        expect(status).toBe(200)
        ids.push(...body.items.map(({ id }: Json) => id))
        cursor = body.nextCursor
      }
      return ids
    },
    photosIn: (viewer, albumId, limit) => world.ids(viewer, `/albums/${albumId}/photos`, limit),
    albumContradictions: () =>
      graph.db.primary({
        text: `
          SELECT 'a count that is not that of the rows' AS what, a.album_id FROM albums a
          WHERE a.photo_count <> (SELECT count(*) FROM album_photos WHERE album_id = a.album_id)
          UNION ALL
          SELECT 'not one owner', a.album_id FROM albums a
          WHERE 1 <> (SELECT count(*) FROM album_members m
            WHERE m.album_id = a.album_id AND m.role = 'owner' AND m.user_id = a.owner_id)
          UNION ALL
          SELECT 'a photo of no member', i.album_id FROM album_photos i
          WHERE NOT EXISTS (SELECT FROM album_members m WHERE m.album_id = i.album_id AND m.user_id = i.added_by)
          UNION ALL
          SELECT 'a photo added by another', i.album_id FROM album_photos i JOIN photos p USING (photo_id)
          WHERE p.owner_id <> i.added_by
          UNION ALL
          SELECT 'a photo that is gone', i.album_id FROM album_photos i JOIN photos p USING (photo_id)
          WHERE p.status IN ('deleted', 'failed')
          UNION ALL
          SELECT 'a member across a block of the owner', a.album_id
          FROM albums a JOIN album_members m USING (album_id) JOIN blocks b
            ON (b.blocker_id, b.blocked_id) IN ((a.owner_id, m.user_id), (m.user_id, a.owner_id))`,
      }),
  }
  return world
}
