import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { openSearchIndex } from '../../../src/services/search/module.ts'
import { settle } from '../../support/replica.ts'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { freshWord } from '../../support/worlds/search-world.ts'

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

async function find(
  viewer: Person | undefined,
  query: string,
): Promise<{ status: number; ids: string[]; total: number }> {
  if (viewer) await world.readFromReplica(viewer)
  const { status, body } = await world.call(
    'GET',
    `/v1/search/photos?${query}`,
    viewer ? { token: viewer.token } : {},
  )
  return { status, ids: (body.items ?? []).map(({ id }: { id: string }) => id), total: body.total }
}

describe('a search within an album', () => {
  it('finds for members what owners granted, and for others what they may see', async () => {
    const [ann, bob, member, stranger] = (await world.people(4)) as [Person, Person, Person, Person]
    const albumId = await world.album(ann)
    await world.invite(ann, albumId, bob, 'contributor')
    await world.invite(ann, albumId, member)
    const word = freshWord()
    const seed = (visibility: 'public' | 'private') =>
      world.seedPhoto({ ownerId: bob.id, visibility, caption: word })
    const [open, own, elsewhere] = [await seed('public'), await seed('private'), await seed('public')]
    for (const photoId of [open, own]) await world.add(bob, albumId, photoId)
    const { searchIndex } = openSearchIndex(world.api.clients)
    for (const photoId of [open, own, elsewhere]) await searchIndex.indexPhoto(photoId)
    const { config, openSearch } = world.api.clients
    await openSearch.indices.refresh({ index: photosAlias(config.OPENSEARCH_INDEX_PREFIX) })
    await settle(world.db)

    const within = `q=${word}&album=${albumId}`
    expect(await find(member, within)).toEqual({ status: 200, ids: [own, open], total: 2 })
    expect(await find(member, `q=${word}`)).toEqual({ status: 200, ids: [elsewhere, open], total: 2 })
    expect((await find(stranger, within)).status).toBe(404)
    expect((await find(undefined, within)).status).toBe(404)

    await world.call('PATCH', `/v1/albums/${albumId}`, { token: ann.token, body: { visibility: 'public' } })
    await settle(world.db)
    expect(await find(stranger, within)).toEqual({ status: 200, ids: [open], total: 1 })
    expect(await find(undefined, within)).toEqual({ status: 200, ids: [open], total: 1 })

    await world.leave(member, albumId)
    await settle(world.db)
    expect(await find(member, within)).toEqual({ status: 200, ids: [open], total: 1 })
  })
})
