import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addFollowers } from '../../support/factories/follows.ts'
import { settle } from '../../support/replica.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'

let world: GraphWorld
let viewer: Person
beforeAll(async () => {
  world = await openGraphWorld()
  viewer = await world.signUp()
})
afterAll(() => world?.close())

async function called(displayName: string | null): Promise<Person> {
  const person = await world.signUp()
  await world.call('PATCH', '/v1/me', { token: person.token, body: { displayName } })
  return person
}

/** The usernames that are found, on pages of two. */
async function find(q: string, who: Person = viewer): Promise<string[]> {
  await settle(world.db)
  const found: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const at: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { status, body } = await world.call(
      'GET',
      `/v1/search/users?q=${encodeURIComponent(q)}&limit=2${at}`,
      { token: who.token },
    )
    expect(status).toBe(200)
    found.push(...body.items.map(({ username }: { username: string }) => username))
    cursor = body.nextCursor
  }
  return found
}

describe('GET /search/users', () => {
  it('finds names by the beginnings of their words, in any order and case', async () => {
    const { username } = await called('Zoë Bråten-Øverland')
    for (const q of ['zoe', 'ZOË', 'over', 'braten zo', 'øverland Zoë', 'bråten-ø', username.slice(0, 10)])
      expect(await find(q), q).toEqual([username])
    for (const q of ['oë', 'zoe bratenx', 'verland']) expect(await find(q), q).toEqual([])
  })

  it('orders by exact name, follows and followers, each account once', async () => {
    const names = ['Quill Quill', 'Quillan', 'Quilliam quillon', 'quill', 'Quilty Quillfeather']
    const people = []
    for (const name of names) people.push(await called(name))
    const [few, many, followed, unknown, famous] = people as [Person, Person, Person, Person, Person]
    await addFollowers(world.db, few.id, 2)
    await addFollowers(world.db, many.id, 9)
    await addFollowers(world.db, famous.id, 300)
    await world.follow(viewer, followed)
    const order = [followed, famous, many, few, unknown].map(({ username }) => username)
    expect(await find('quil')).toEqual(order)
    const [exact] = order.slice(-1)
    expect((await find(exact!))[0]).toBe(exact)
  })

  it('goes by the followers there are, counted as they come and go', async () => {
    const [one, other] = [await called('Marabou'), await called('Marabou')]
    const fans = await world.people(3)
    expect(await find('marab')).toEqual([one.username, other.username])
    await Promise.all(fans.map((fan) => world.follow(fan, other)))
    expect(await find('marab')).toEqual([other.username, one.username])
    for (const fan of fans) await world.unfollow(fan, other)
    await world.follow(fans[0]!, one)
    expect(await find('marab')).toEqual([one.username, other.username])
  })

  it('forgets a name that was changed', async () => {
    const person = await called('Ptarmigan')
    await world.call('PATCH', '/v1/me', { token: person.token, body: { displayName: 'Wagtail' } })
    expect(await find('ptarm')).toEqual([])
    expect(await find('wagt')).toEqual([person.username])
    await world.call('PATCH', '/v1/me', { token: person.token, body: { displayName: null } })
    expect(await find('wagt')).toEqual([])
    expect(await find(person.username)).toEqual([person.username])
  })

  it('lists nobody across a block, and nobody who is suspended', async () => {
    const people = []
    for (let n = 0; n < 5; n++) people.push(await called(`Godwit ${n}`))
    const [blocker, blocked, suspended, closed, open] = people as [Person, Person, Person, Person, Person]
    await world.block(blocker, viewer)
    await world.block(viewer, blocked)
    await world.setStatus(suspended, 'suspended')
    await world.setPrivate(closed, true)
    expect(await find('godw')).toEqual([closed.username, open.username])
    expect(await find(blocker.username)).toEqual([])
    const { body } = await world.call('GET', '/v1/search/users?q=godwit')
    expect(body.items).toHaveLength(4)
    await world.setStatus(suspended, 'active')
    expect(await find('godw')).toContain(suspended.username)
  })

  it('finds nobody by what is not a word, and refuses nothing at all', async () => {
    expect(await find('…')).toEqual([])
    expect(await find('%')).toEqual([])
    expect((await world.call('GET', '/v1/search/users?q=')).status).toBe(422)
    expect((await world.call('GET', '/v1/search/users')).status).toBe(422)
  })

  it('pages past many hidden accounts without losing those behind', async () => {
    const last = await called('Dunlin the last')
    await world.db.primary({
      text: `WITH account AS (
          INSERT INTO users (username, password_hash, status)
          SELECT 'dunlin-' || n, 'none', 'suspended' FROM generate_series(1, 700) n RETURNING user_id, username)
        INSERT INTO account_names (user_id, word, reach) SELECT user_id, username, 1 FROM account`,
    })
    expect(await find('dunl')).toEqual([last.username])
  })
})
