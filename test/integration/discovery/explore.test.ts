import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../../support/replica.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { NARROWINGS, openDiscoveryWorld, type DiscoveryWorld } from '../../support/worlds/discovery-world.ts'

let world: DiscoveryWorld
let viewer: Person
beforeAll(async () => {
  world = await openDiscoveryWorld()
  viewer = await world.signUp()
  await world.readFromReplica(viewer)
})
// What nobody likes is not explored.
afterEach(() => world.db.primary({ text: 'DELETE FROM photo_counters' }))
afterAll(() => world?.close())

describe('GET /explore', () => {
  it('shows first what others like, half as much for each day of age', async () => {
    const [a, b, c, d] = (await world.authors(4)) as [Person, Person, Person, Person]
    const few = await world.publish(a, { likes: 3 })
    const many = await world.publish(b, { likes: 9 })
    const old = await world.publish(c, { likes: 9, hoursAgo: 48 })
    const unliked = await world.publish(d)
    await world.call('PUT', `/v1/photos/${unliked}/like`, { token: d.token })
    await world.rank()
    for (const who of [undefined, viewer]) expect(await world.explore(who)).toEqual([many, few, old])
    await world.rank(13 * 24)
    expect(await world.explore()).toEqual([many, few])
    await world.rank(15 * 24)
    expect(await world.explore()).toEqual([])
  })

  it('shows few photos of an author, and no two side by side', async () => {
    const [loved, ...others] = await world.authors(4)
    for (let i = 0; i < 5; i++) await world.publish(loved!, { likes: 100 - i })
    for (const other of others) for (let i = 0; i < 2; i++) await world.publish(other, { likes: 3 })
    await world.rank()
    const authors = (await world.walk('/explore')).map(({ owner }) => owner.id)
    expect(authors.filter((id) => id === loved!.id).length).toBeLessThanOrEqual(3)
    expect(authors[0]).toBe(loved!.id)
    for (let at = 0; at < authors.length; at++)
      expect(authors.slice(at + 1, at + 1 + others.length)).not.toContain(authors[at])
    expect(new Set(authors).size).toBe(4)
  })

  it.each(Object.keys(NARROWINGS))('leaves out at once what is %s', async (what) => {
    const [one, other] = (await world.authors(2)) as [Person, Person]
    const photoId = await world.publish(one, { likes: 5 })
    const left = await world.publish(other, { likes: 5 })
    await world.rank()
    expect((await world.explore(viewer)).toSorted()).toEqual([photoId, left].toSorted())
    await NARROWINGS[what]!(world, one, photoId)
    // Nothing settles in between: the replica has it.
    for (const who of [undefined, viewer]) expect(await world.explore(who)).toEqual([left])
    await world.rank()
    expect(await world.explore()).toEqual([left])
  })

  it('leaves out accounts that block the viewer, are blocked or muted', async () => {
    const [blocking, blocked, muted, rest] = (await world.authors(4)) as [Person, Person, Person, Person]
    const photos = []
    for (const author of [blocking, blocked, muted, rest])
      photos.push(await world.publish(author, { likes: 5 }))
    await world.rank()
    const asker = await world.signUp()
    expect(await world.explore(asker)).toHaveLength(4)
    await world.block(blocking, asker)
    await world.readFromReplica(asker)
    expect(await world.explore(asker)).not.toContain(photos[0])
    await world.block(asker, blocked)
    await world.mute(asker, muted)
    expect(await world.explore(asker)).toEqual([photos[3]])
    await settle(world.db)
    await world.readFromReplica(asker)
    expect(await world.explore(asker)).toEqual([photos[3]])
    expect(await world.explore(viewer)).toHaveLength(4)
  })

  it('keeps its order from page to page while it is ranked anew', async () => {
    const photos = []
    for (const [at, author] of (await world.authors(5)).entries())
      photos.push(await world.publish(author, { likes: 2 ** (5 - at) }))
    await world.rank()
    const page = (token?: string, cursor?: string) =>
      world.call('GET', `/v1/explore?limit=2${cursor ? `&cursor=${cursor}` : ''}`, { token })
    const seen: string[] = []
    const first = await page()
    seen.push(...first.body.items.map(({ id }: { id: string }) => id))
    await world.publish((await world.authors(1))[0]!, { likes: 500 })
    await world.rank(0.1)
    let cursor: string | null = first.body.nextCursor
    while (cursor !== null) {
      const { body } = await page(undefined, cursor)
      seen.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.nextCursor
    }
    expect(seen).toEqual(photos)

    expect(await page(viewer.token, first.body.nextCursor)).toMatchObject({
      status: 400,
      body: { code: 'bad_cursor' },
    })
    const trending = await world.call('GET', `/v1/tags/trending?cursor=${first.body.nextCursor}`)
    expect(trending).toMatchObject({ status: 400, body: { code: 'bad_cursor' } })
    await world.rank(3)
    expect(await page(undefined, first.body.nextCursor)).toMatchObject({
      status: 410,
      body: { code: 'cursor_expired' },
    })
  })

  it('finds the end through a stretch of hidden photos', async () => {
    const ids: string[] = []
    const authors = await world.authors(6)
    for (const author of authors) ids.push(await world.publish(author, { likes: 5 }))
    // An order as long as two windows, of which only the ends can be seen.
    const absent = Array.from(
      { length: 450 },
      (_, at) => `00000000-0000-7000-8000-${`${at}`.padStart(12, '0')}`,
    )
    await world.rank()
    await world.db.primary({
      text: 'UPDATE explore_orders SET photo_ids = $1',
      values: [[...ids.slice(0, 3), ...absent, ...ids.slice(3)]],
    })
    await settle(world.db)
    expect(await world.explore()).toEqual(ids)
  })
})
