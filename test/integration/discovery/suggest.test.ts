import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../../support/replica.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

async function suggest(q: string) {
  await settle(world.db)
  const { status, body } = await world.call('GET', `/v1/search/suggest?q=${encodeURIComponent(q)}`)
  return { status, body }
}

describe('GET /search/suggest', () => {
  it('suggests accounts by the beginnings of their names, with or without @', async () => {
    const person = await world.signUp()
    await world.call('PATCH', '/v1/me', { token: person.token, body: { displayName: 'Kittiwake Ødegård' } })
    for (const q of ['kittiw', '@kittiw', 'ODEGARD kit']) {
      const { body } = await suggest(q)
      expect(body).toMatchObject({ tags: [], users: [{ username: person.username }], places: [] })
    }
    expect((await suggest('#kittiw')).body).toEqual({ tags: [], users: [], places: [] })
  })

  it('suggests no account that is hidden from explore', async () => {
    const person = await world.signUp()
    await world.call('PATCH', '/v1/me', { token: person.token, body: { displayName: 'Dunlin' } })
    await world.db.primary({
      text: 'UPDATE users SET hidden_from_explore = true WHERE user_id = $1',
      values: [person.id],
    })
    expect((await suggest('dunlin')).body.users).toEqual([])
    const { body } = await world.call('GET', '/v1/search/users?q=dunlin')
    expect(body.items).toMatchObject([{ username: person.username }])
  })

  it('refuses an empty text and one of 10,000 characters', async () => {
    for (const q of ['', 'a'.repeat(10_000), 'a'.repeat(101)]) {
      const { status, body } = await suggest(q)
      expect(status).toBe(422)
      expect(body.errors).toMatchObject([{ path: 'query.q' }])
    }
    expect((await world.call('GET', '/v1/search/suggest')).status).toBe(422)
  })

  it('has nothing to suggest for signs alone', async () => {
    for (const q of [' ', '#', '@', '*', '.*', '%_', '\\', '🐦‍⬛'])
      expect(await suggest(q), q).toEqual({ status: 200, body: { tags: [], users: [], places: [] } })
  })
})
