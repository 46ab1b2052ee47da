import { afterAll, beforeAll, expect, it } from 'vitest'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'

const ROUNDS = 8
const LIKERS = 5

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

it('a photo is deleted while it is liked, commented and put into albums', async () => {
  const [owner, member, ...others] = (await world.people(2 + LIKERS)) as [Person, Person, ...Person[]]
  const albumIds = [await world.album(owner), await world.album(owner)]
  for (const albumId of albumIds) await world.invite(owner, albumId, member)
  const ask = async (who: Person, method: string, path: string, body?: object) =>
    (await world.call(method, `/v1${path}`, { token: who.token, ...(body ? { body } : {}) })).status

  for (let round = 0; round < ROUNDS; round++) {
    const photoId = await world.seedPhoto({ ownerId: owner.id })
    const path = `/photos/${photoId}`
    const engage = () =>
      others.flatMap((who, n) => [
        ask(who, 'PUT', `${path}/like`),
        ask(who, 'POST', `${path}/comments`, { text: `comment ${n}` }),
      ])
    const before = engage()
    // Now a little earlier, now a little later.
    await Promise.all(before.slice(0, round))
    const [deleted, ...statuses] = await Promise.all([
      ask(owner, 'DELETE', path),
      ...before,
      ...albumIds.map((albumId) => world.add(owner, albumId, photoId)),
      ...others.map((who) => ask(who, 'DELETE', `${path}/like`)),
    ])

    expect(deleted).toBe(204)
    expect(statuses.filter((status) => ![200, 201, 204, 404].includes(status))).toEqual([])
    expect(new Set(await Promise.all(engage()))).toEqual(new Set([404]))
    const [left] = await world.db.primary<Record<string, boolean>>({
      text: `
        SELECT (SELECT count(*) FROM likes WHERE photo_id = $1) = coalesce(sum(likes), 0) AS likes,
          (SELECT count(*) FROM comments WHERE photo_id = $1 AND deleted_at IS NULL) = coalesce(sum(comments), 0) AS comments
        FROM photo_counters WHERE photo_id = $1`,
      values: [photoId],
    })
    expect(left).toEqual({ likes: true, comments: true })
    for (const albumId of albumIds) expect(await world.photosIn(member, albumId)).toEqual([])
  }
  expect(await world.albumContradictions()).toEqual([])
})
