import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { spyOnStatements } from '../../support/statements.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openLinkWorld, type LinkWorld, type MadeLink } from '../../support/worlds/link-world.ts'

let world: LinkWorld
let ann: Person
let albumId: string
beforeEach(async () => {
  ;[ann] = (await world.people(1)) as [Person]
  albumId = await world.album(ann)
})
beforeAll(async () => {
  // 60 × 0.1 passwords for a link in a quarter of an hour, 30 × 0.1 from a network, 200 × 0.1 uploads, 600 × 0.1 visits a minute.
  world = await openLinkWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.1', TRUSTED_PROXY_HOPS: '1' })
  // Until then the process counts for itself.
  await vi.waitUntil(() => world.api.clients.redis.status === 'ready', { timeout: 10_000 })
})
afterAll(() => world?.close())

let host = Math.floor(Math.random() * 60_000)
const network = () => `2001:db8:${(host++).toString(16)}::1`
const knock = async ({ token }: MadeLink, password: string, from = network()) => {
  const headers = { 'X-Share-Password': password, 'X-Forwarded-For': from }
  return (await world.call('GET', `/v1/share/${token}`, { headers })).status
}
async function inTurn<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (let n = 0; n < count; n++) answers.push(await ask())
  return answers
}

describe('tries of a password', () => {
  it('are counted by link, from wherever they come, if they are wrong', async () => {
    const link = await world.link(ann, albumId, { password: 'fog-2026' })
    expect(await inTurn(5, () => knock(link, 'wrong'))).toEqual([401, 401, 401, 401, 401])
    expect(await knock(link, 'fog-2026')).toBe(200)
    expect(await inTurn(3, () => knock(link, 'wrong'))).toEqual([401, 429, 429])
    expect(await knock(link, 'fog-2026')).toBe(429)
    // Neither other links nor what needs no password are held up.
    expect(await knock(await world.link(ann, albumId, { password: 'fog-2026' }), 'fog-2026')).toBe(200)
  })

  it('that are right lock nobody out who has the same network', async () => {
    const [from, link] = [network(), await world.link(ann, albumId, { password: 'fog-2026' })]
    expect(await inTurn(8, () => knock(link, 'fog-2026', from))).toEqual(Array(8).fill(200))
  })

  it('are counted by network, whatever the link', async () => {
    const from = network()
    const links = await inTurn(4, () => world.link(ann, albumId, { password: 'fog-2026' }))
    const statuses = []
    for (const link of links) statuses.push(await knock(link, 'wrong', from))
    expect(statuses).toEqual([401, 401, 401, 429])
    expect(await knock(links[3]!, 'fog-2026', from.replace('::1', '::2'))).toBe(429)
  })

  it('do not hold up who is in', async () => {
    const link = await world.link(ann, albumId, { password: 'fog-2026' })
    const { session } = (await world.visit(link, { password: 'fog-2026' })).body
    await inTurn(8, () => knock(link, 'wrong'))
    expect((await world.visit(link, { session })).status).toBe(200)
  })
})

describe('new links', () => {
  it('are counted by account: each may cost the edges a denial', async () => {
    const [bob] = (await world.people(1)) as [Person]
    const of = await world.album(bob)
    const made = await inTurn(7, () =>
      world.call('POST', `/v1/albums/${of}/share-links`, { token: bob.token, body: {} }),
    )
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201, 429])
  })
})

describe('visitors', () => {
  it('are counted by network, even with an account', async () => {
    const link = await world.link(ann, albumId)
    const headers = { 'X-Forwarded-For': network() }
    const visits = await Promise.all(
      Array.from({ length: 64 }, () =>
        world.call('GET', `/v1/share/${link.token}`, { headers, token: ann.token }),
      ),
    )
    expect(visits.filter(({ status }) => status === 429)).toHaveLength(4)
  })

  it('upload so much and no more', async () => {
    const link = await world.link(ann, albumId, { allowUpload: true })
    const headers = { 'X-Forwarded-For': network() }
    const body = { contentType: 'image/jpeg', bytes: 10 }
    const uploads = await inTurn(22, () =>
      world.call('POST', `/v1/share/${link.token}/uploads`, { headers, body }),
    )
    expect(uploads.map(({ status }) => status)).toEqual([...Array(20).fill(201), 429, 429])
  })

  it('cost the same few statements, however many photos they see', async () => {
    const link = await world.link(ann, albumId)
    for (let n = 0; n < 5; n++) await world.add(ann, albumId, await world.seedPhoto({ ownerId: ann.id }))
    const spy = spyOnStatements(world.db)
    try {
      const statements = async (limit: number) => {
        const requestId = randomUUID()
        const headers = { 'X-Request-Id': requestId, 'X-Forwarded-For': network() }
        const { body } = await world.call('GET', `/v1/share/${link.token}?limit=${limit}`, { headers })
        expect(body.items).toHaveLength(limit)
        return spy.take(requestId)
      }
      // The link, the view, the album, the page, the photos.
      expect(await statements(5)).toHaveLength(5)
      expect(await statements(1)).toHaveLength(5)
    } finally {
      spy.stop()
    }
  })
})
