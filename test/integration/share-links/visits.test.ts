import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from '../../support/worlds/api-world.ts'
import { openLinkWorld, type LinkWorld, type MadeLink } from '../../support/worlds/link-world.ts'

let world: LinkWorld
let ann: Person
let albumId: string
let photoIds: string[]
beforeAll(async () => {
  world = await openLinkWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[ann] = (await world.people(1)) as [Person]
  albumId = await world.album(ann)
  photoIds = []
  for (let n = 0; n < 3; n++) {
    const photoId = await world.seedPhoto({ ownerId: ann.id, visibility: 'private' })
    await world.add(ann, albumId, photoId)
    photoIds.push(photoId)
  }
})

const code = async (...visit: Parameters<LinkWorld['visit']>) => {
  const { status, body } = await world.visit(...visit)
  return status === 200 ? 200 : [status, body.code]
}
const viewsOf = async ({ id }: MadeLink) => {
  const { body } = await world.call('GET', `/v1/albums/${albumId}/share-links`, { token: ann.token })
  const link = body.items.find((item: { id: string }) => item.id === id)
  return { views: link.views, state: link.state, isUsed: link.lastUsedAt !== null }
}
/** No service lets time pass. */
const expire = ({ id }: MadeLink) =>
  world.db.primary({
    text: `UPDATE share_links SET expires_at = now() - interval '1 second' WHERE link_id = $1`,
    values: [id],
  })

describe('a visit', () => {
  it('shows the album to anyone, and keeps it from search engines and stores', async () => {
    const link = await world.link(ann, albumId, { label: 'For Eve' })
    const { status, headers, body } = await world.visit(link)
    expect(status).toBe(200)
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(photoIds)
    expect(JSON.stringify(body)).not.toContain('For Eve')
    expect(world.logLines.join()).not.toContain(link.token)
    expect(headers.get('X-Robots-Tag')).toBe('noindex')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Cache-Control')).toBe('private, no-store')
    for (const refused of [await world.visit({ token: 'x' }), await world.visit({ token: randomToken() })]) {
      expect(refused.status).toBe(404)
      expect(refused.headers.get('X-Robots-Tag')).toBe('noindex')
      expect(refused.headers.get('Cache-Control')).toBe('private, no-store')
    }
  })

  it('counts once, whatever its pages', async () => {
    const link = await world.link(ann, albumId)
    expect(await viewsOf(link)).toEqual({ views: 0, state: 'live', isUsed: false })
    expect(await world.shown(link, { limit: 1 })).toEqual(photoIds)
    expect(await viewsOf(link)).toEqual({ views: 1, state: 'live', isUsed: true })
    const { body } = await world.visit(link)
    await world.visit(link, { session: body.session })
    expect(await viewsOf(link)).toMatchObject({ views: 2 })
  })

  it('is none if only its head is asked for', async () => {
    const link = await world.link(ann, albumId, { maxViews: 1 })
    const head = async () =>
      (await fetch(`${world.api.url}/v1/share/${link.token}`, { method: 'HEAD' })).status
    expect(await head()).toBe(200)
    expect((await world.visit(link)).status).toBe(200)
    expect(await head()).toBe(410)
    expect(await viewsOf(link)).toMatchObject({ views: 1 })
  })

  it('has a session that is good for its own link alone', async () => {
    const [one, other] = [
      await world.link(ann, albumId, { maxViews: 1 }),
      await world.link(ann, albumId, { maxViews: 1, password: 'fog-2026' }),
    ]
    const { session } = (await world.visit(one)).body
    expect(await code(one, { session })).toBe(200)
    expect(await code(other, { session })).toEqual([401, 'link_password_required'])
    const [header, payload, signature] = session.split('.')
    for (const forged of [`${session}x`, ann.token, `${header}.${payload}.`, `${header}.e30.${signature}`]) {
      expect(await code(one, { session: forged })).toEqual([410, 'link_exhausted'])
    }
  })

  it('takes no cursor of another link', async () => {
    const [one, other] = [await world.link(ann, albumId), await world.link(ann, albumId)]
    const { nextCursor } = (await world.visit(one, { limit: 1 })).body
    expect(await code(other, { cursor: nextCursor })).toEqual([400, 'bad_cursor'])
    expect(await code(one, { cursor: nextCursor })).toBe(200)
  })

  it('needs no account, and looks at none', async () => {
    const link = await world.link(ann, albumId)
    for (const token of [ann.token, 'no token at all']) {
      const { status, body } = await world.call('GET', `/v1/share/${link.token}`, { token })
      expect(status).toBe(200)
      expect(body.items).toHaveLength(3)
    }
  })
})

const randomToken = () => randomBytes(32).toString('base64url')

describe('a link with a password', () => {
  it('shows nothing and counts nothing without it', async () => {
    const link = await world.link(ann, albumId, { password: 'fog-2026', maxViews: 1 })
    const refused = [401, 'link_password_required']
    expect(await code(link)).toEqual(refused)
    for (const password of ['fog-2025', 'FOG-2026', ' '.repeat(3), 'a'.repeat(5_000)])
      expect(await code(link, { password })).toEqual(refused)
    expect(await viewsOf(link)).toMatchObject({ views: 0 })
    const { status, body } = await world.visit(link, { password: 'fog-2026' })
    expect(status).toBe(200)
    expect(await code(link, { session: body.session })).toBe(200)
    expect(await code(link, { password: 'fog-2026' })).toEqual([410, 'link_exhausted'])
  })
})

describe('a link that has run out', () => {
  it('says so, until it is purged', async () => {
    const link = await world.link(ann, albumId, { expiresAt: '2099-01-01T00:00:00Z', password: 'fog-2026' })
    const { session } = (await world.visit(link, { password: 'fog-2026' })).body
    await expire(link)
    for (const options of [{}, { session }, { password: 'fog-2026' }])
      expect(await code(link, options)).toEqual([410, 'link_expired'])
    expect(await viewsOf(link)).toMatchObject({ state: 'expired', views: 1 })
    expect(await world.revoke(ann, albumId, link)).toBe(204)
    expect(await code(link, { session })).toEqual([404, 'not_found'])
  })

  it('is exhausted by its last view, but not for those who are in', async () => {
    const link = await world.link(ann, albumId, { maxViews: 2 })
    const { session } = (await world.visit(link)).body
    expect(await code(link)).toBe(200)
    expect(await code(link)).toEqual([410, 'link_exhausted'])
    expect(await viewsOf(link)).toEqual({ views: 2, state: 'exhausted', isUsed: true })
    expect(await world.shown(link, { session, limit: 2 })).toEqual(photoIds)
  })

  it('gives image URLs that end with it', async () => {
    const inTwoMinutes = new Date(Date.now() + 120_000)
    const link = await world.link(ann, albumId, { expiresAt: inTwoMinutes.toISOString() })
    const { items } = (await world.visit(link)).body
    const expiresAt = Date.parse(items[0].variants[0].expiresAt)
    expect(expiresAt).toBeLessThanOrEqual(inTwoMinutes.getTime())
    expect(expiresAt).toBeGreaterThan(inTwoMinutes.getTime() - 1_001)
  })
})

describe('at the same moment', () => {
  it('many take the last views, and no more get in than there are', async () => {
    for (const maxViews of [1, 3]) {
      const link = await world.link(ann, albumId, { maxViews })
      const visits = await Promise.all(Array.from({ length: 16 }, () => world.visit(link)))
      const statuses = visits.map(({ status }) => status).sort()
      expect(statuses).toEqual([...Array(maxViews).fill(200), ...Array(16 - maxViews).fill(410)])
      expect(await viewsOf(link)).toMatchObject({ views: maxViews })
    }
  })

  it('visitors read while it is revoked, and see nothing after the answer', async () => {
    for (let round = 0; round < 5; round++) {
      const link = await world.link(ann, albumId)
      const { session } = (await world.visit(link)).body
      let isRevoked = false
      const late: unknown[] = []
      const read = async () => {
        for (let isLast = false; !isLast;) {
          isLast = isRevoked
          const { status } = await world.visit(link, { session })
          if (isLast ? status !== 404 : status !== 200 && status !== 404) late.push(status)
        }
      }
      const readers = [read(), read(), read()]
      expect(await world.revoke(ann, albumId, link)).toBe(204)
      isRevoked = true
      await Promise.all(readers)
      expect(late).toEqual([])
    }
  })

  it('a link is opened while its album is deleted, and nothing fails', async () => {
    for (let round = 0; round < 5; round++) {
      const of = await world.album(ann)
      const link = await world.link(ann, of, { allowUpload: true })
      const [deleted, ...others] = await Promise.all([
        world.call('DELETE', `/v1/albums/${of}`, { token: ann.token }),
        ...Array.from({ length: 4 }, () => world.visit(link)),
        ...Array.from({ length: 4 }, () => world.offer(link)),
      ])
      expect(deleted.status).toBe(204)
      for (const { status } of others) expect([200, 201, 404]).toContain(status)
      expect((await world.visit(link)).status).toBe(404)
    }
  })
})
