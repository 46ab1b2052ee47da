import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildPhoto } from '../../support/factories/photos.ts'
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
afterEach(() => world.db.primary({ text: 'DELETE FROM photo_tags' }))
afterAll(() => world?.close())

/** A tag that no other test has. */
const newTag = (name: string) => `${name}${randomBytes(4).toString('hex')}`

/** One photo with the tag by each of them. */
async function use(people: readonly Person[], tag: string, hoursAgo = 0) {
  const photos = []
  for (const person of people) photos.push(await world.publish(person, { caption: `#${tag}`, hoursAgo }))
  return photos
}

/** Of these tags, those that trend, in their order. */
async function orderOf(...tags: string[]): Promise<string[]> {
  return Object.keys(await world.trending()).filter((tag) => tags.includes(tag))
}

describe('GET /tags/trending', () => {
  it('counts authors, of whom there must be three', async () => {
    const [three, two] = [newTag('three'), newTag('two')]
    const authors = await world.authors(3)
    await use(authors, three)
    await use(authors.slice(1), two)
    await world.rank()
    for (const who of [undefined, viewer]) {
      const tags = await world.trending(who)
      expect(tags).toMatchObject({ [three]: 3 })
      expect(tags).not.toHaveProperty(two)
    }
  })

  it('counts an author once, whatever they post', async () => {
    const [flooded, alone, honest] = [newTag('flooded'), newTag('alone'), newTag('honest')]
    const authors = await world.authors(5)
    const [spammer] = authors as [Person]
    for (let i = 0; i < 10; i++) await use([spammer], alone, i)
    for (let i = 0; i < 10; i++) await use([spammer], flooded, i)
    await use(authors.slice(1, 3), flooded)
    await use(authors.slice(1), honest)
    await world.rank()
    expect(await world.trending()).toMatchObject({ [flooded]: 3, [honest]: 4 })
    expect(await orderOf(alone, flooded, honest)).toEqual([honest, flooded])
  })

  it('looks at the latest hundred photos of an author', async () => {
    const tag = newTag('early')
    const authors = await world.authors(3)
    await use(authors, tag, 1)
    const { id } = authors[0]!
    const post = () => buildPhoto(world.db, id, { publishedAt: world.start })
    await Promise.all(Array.from({ length: 99 }, post))
    await world.rank()
    expect(await world.trending()).toHaveProperty(tag)
    await post()
    await world.rank()
    expect(await world.trending()).not.toHaveProperty(tag)
  })

  it('trusts accounts by their age', async () => {
    const [bought, grown] = [newTag('bought'), newTag('grown')]
    await use(await world.authors(6, 0), bought)
    await use(await world.authors(3, 30), grown)
    await world.rank()
    expect(await orderOf(bought, grown)).toEqual([grown, bought])
  })

  it('forgets with time: half in twelve hours, all in three days', async () => {
    const [old, recent] = [newTag('old'), newTag('recent')]
    const authors = await world.authors(5)
    await use(authors, old, 24)
    await use(authors.slice(0, 3), recent, 6)
    await world.rank()
    expect(await orderOf(old, recent)).toEqual([recent, old])
    for (const [hours, order] of [
      [-7, [old]],
      [49, [recent]],
      [67, []],
    ] as const) {
      await world.rank(hours)
      expect(await orderOf(old, recent), `${hours} hours later`).toEqual(order)
    }
  })

  it.each(Object.keys(NARROWINGS))('leaves out at once what is %s', async (what) => {
    const [tag, other] = [newTag('gone'), newTag('left')]
    const authors = await world.authors(4)
    const [photoId] = await use(authors.slice(0, 3), tag)
    await use(authors, other)
    await world.rank()
    await NARROWINGS[what]!(world, authors[0]!, photoId!)
    // Nothing settles in between: the replica has it.
    for (const who of [undefined, viewer]) expect(await world.trending(who)).not.toHaveProperty(tag)
    expect((await world.trending())[other]).toBe(/account/.test(what) ? 3 : 4)
    await world.rank()
    expect(await world.trending()).not.toHaveProperty(tag)
  })

  it('leaves out a photo that has lost the tag', async () => {
    const tag = newTag('edited')
    const authors = await world.authors(3)
    const [photoId] = await use(authors, tag)
    await world.rank()
    expect(await world.trending()).toHaveProperty(tag)
    const { token } = authors[0]!
    await world.call('PATCH', `/v1/photos/${photoId}`, { token, body: { caption: 'no tag' } })
    await settle(world.db)
    expect(await world.trending()).not.toHaveProperty(tag)
  })

  it.each(['by them', 'by the viewer'])('leaves out blocked authors: %s', async (side) => {
    const tag = newTag('blocked')
    const authors = await world.authors(3)
    await use(authors, tag)
    await world.rank()
    const blocker = await world.signUp()
    expect(await world.trending(blocker)).toHaveProperty(tag)
    const [one, other] = side === 'by them' ? [authors[0]!, blocker] : [blocker, authors[0]!]
    expect(await world.block(one, other)).toBe(204)
    await world.readFromReplica(blocker)
    expect(await world.trending(blocker)).not.toHaveProperty(tag)
    expect(await world.trending()).toHaveProperty(tag)
  })
  it('keeps its order from page to page while it is ranked anew', async () => {
    const tags = [newTag('first'), newTag('second'), newTag('third')]
    const authors = await world.authors(5)
    for (const [at, tag] of tags.entries()) await use(authors.slice(at), tag)
    await world.rank()
    const page = async (token?: string, cursor?: string) =>
      world.call('GET', `/v1/tags/trending?limit=1${cursor ? `&cursor=${cursor}` : ''}`, { token })
    const first = await page()
    await use(await world.authors(4), tags[2]!)
    await world.rank(0.1)
    expect(await orderOf(...tags)).toEqual([tags[2], tags[0], tags[1]])
    const second = await page(undefined, first.body.nextCursor)
    const third = await page(undefined, second.body.nextCursor)
    expect([first, second, third].map(({ body }) => body.items[0].tag)).toEqual(tags)
    expect(third.body.nextCursor).toBeNull()

    expect(await page(viewer.token, first.body.nextCursor)).toMatchObject({
      status: 400,
      body: { code: 'bad_cursor' },
    })
    await world.rank(3)
    expect(await page(undefined, first.body.nextCursor)).toMatchObject({
      status: 410,
      body: { code: 'cursor_expired' },
    })
  })

  it('is empty until it is ranked, and ranked anew if it is lost', async () => {
    const tag = newTag('lost')
    await use(await world.authors(3), tag)
    await world.db.primary({ text: 'DELETE FROM trending_tags' })
    await settle(world.db)
    expect(await world.trending()).toEqual({})
    await world.rank()
    expect(await world.trending()).toEqual({ [tag]: 3 })
  })
})
