import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MAX_ITEMS } from '../../../src/domain/limits.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openLinkWorld, type LinkWorld } from '../../support/worlds/link-world.ts'

let world: LinkWorld
let ann: Person
let bob: Person
let albumId: string
beforeAll(async () => {
  world = await openLinkWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[ann, bob] = (await world.people(2)) as [Person, Person]
  albumId = await world.album(ann)
})

const post = (who: Person, body: unknown, of = albumId) =>
  world.call('POST', `/v1/albums/${of}/share-links`, { token: who.token, body })
const list = (who: Person, query = '') =>
  world.call('GET', `/v1/albums/${albumId}/share-links${query}`, { token: who.token })

describe('a new share link', () => {
  it('is shown with its token this once, and stored as a hash', async () => {
    const expiresAt = '2099-01-31T08:00:00.000Z'
    const fields = { label: 'Grandparents', expiresAt, maxViews: 3, allowUpload: true }
    const { status, headers, body } = await post(ann, { ...fields, password: 'fog-2026' })
    expect(status).toBe(201)
    expect(headers.get('Cache-Control')).toBe('no-store')
    const { token, url, ...shown } = body.link
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(url).toBe(`${world.api.clients.config.PUBLIC_URL}/v1/share/${token}`)
    const rest = { hasPassword: true, views: 0, state: 'live', lastUsedAt: null }
    expect(shown).toMatchObject({ ...fields, ...rest })
    expect((await list(ann)).body.items).toEqual([shown])

    const [row] = await world.db.primary({
      text: 'SELECT token_hash, password_hash FROM share_links WHERE link_id = $1',
      values: [shown.id],
    })
    expect(row!.token_hash).toEqual(createHash('sha256').update(token).digest())
    expect(row!.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    const logs = world.logLines.join()
    for (const secret of [token, 'fog-2026']) expect(logs).not.toContain(secret)
  })

  it('owes its workflow a start', async () => {
    const link = await world.link(ann, albumId)
    const owed = await world.db.primary({
      text: `SELECT payload FROM outbox WHERE kind = 'linkChanged' AND payload->>'linkId' = $1`,
      values: [link.id],
    })
    expect(owed).toEqual([{ payload: { linkId: link.id, ownerId: ann.id } }])
  })

  it.each([
    [{ expiresAt: '2020-01-01T00:00:00Z' }, 'body.expiresAt'],
    [{ expiresAt: 'tomorrow' }, 'body.expiresAt'],
    [{ maxViews: 0 }, 'body.maxViews'],
    [{ maxViews: 1.5 }, 'body.maxViews'],
    [{ maxViews: 1_000_001 }, 'body.maxViews'],
    [{ password: 'abc' }, 'body.password'],
    [{ password: 'a'.repeat(129) }, 'body.password'],
    [{ password: 'schöner Tag' }, 'body.password'],
    [{ password: ' fog-2026' }, 'body.password'],
    [{ label: 'a'.repeat(101) }, 'body.label'],
    [{ label: 'two\nlines' }, 'body.label'],
    [{ allowUpload: 'yes' }, 'body.allowUpload'],
    [{ token: 'mine' }, 'body.token'],
  ])('is refused with the field at fault, and not stored: %j', async (body, path) => {
    const before = await world.rowCounts()
    const { status, body: problem } = await post(ann, body)
    expect({ status, code: problem.code }).toEqual({ status: 422, code: 'invalid' })
    expect(problem.errors.map((error: { path: string }) => error.path)).toEqual([path])
    expect(await world.rowCounts()).toEqual(before)
  })

  it('is one of a bounded number', async () => {
    await world.db.primary({
      text: `INSERT INTO share_links (link_id, album_id, created_by, token_hash)
             SELECT gen_random_uuid(), $1::uuid, $2::bigint, sha256(($1::text || n)::bytea) FROM generate_series(2, $3) n`,
      values: [albumId, ann.id, MAX_ITEMS.shareLinksPerAlbum],
    })
    const made = await Promise.all([post(ann, {}), post(ann, {}), post(ann, {})])
    expect(made.map(({ status }) => status).sort()).toEqual([201, 403, 403])
    expect(made.map(({ body }) => body.code ?? 'made').sort()).toEqual([
      'made',
      'quota_exceeded',
      'quota_exceeded',
    ])
  })
})

describe('the links of an album', () => {
  it('belong to its owner and its admins', async () => {
    const link = await world.link(ann, albumId)
    const tries = async (who: Person) => [
      (await list(who)).status,
      (await post(who, {})).status,
      await world.revoke(who, albumId, { ...link, id: uuidv7() }),
    ]
    expect(await tries(bob)).toEqual([404, 404, 404])
    for (const role of ['viewer', 'contributor'] as const) {
      await world.invite(ann, albumId, bob, role)
      expect(await tries(bob)).toEqual([403, 403, 403])
    }
    await world.invite(ann, albumId, bob, 'admin')
    expect(await tries(bob)).toEqual([200, 201, 204])
    expect(await world.revoke(bob, albumId, link)).toBe(204)
  })

  it('are paged, latest first', async () => {
    const made = [
      await world.link(ann, albumId),
      await world.link(ann, albumId),
      await world.link(ann, albumId),
    ]
    expect(await world.ids(ann, `/albums/${albumId}/share-links`, 2)).toEqual(
      made.map(({ id }) => id).reverse(),
    )
  })

  it('are revoked in their own album alone, and as often as one likes', async () => {
    const [other, link] = [await world.album(bob), await world.link(ann, albumId)]
    expect(await world.revoke(bob, other, link)).toBe(204)
    expect((await world.visit(link)).status).toBe(200)
    for (let n = 0; n < 2; n++) expect(await world.revoke(ann, albumId, link)).toBe(204)
    expect((await world.visit(link)).status).toBe(404)
    expect((await list(ann)).body.items).toEqual([])
  })

  it('end with it, and with whatever else deletes it', async () => {
    const used = await world.link(ann, albumId)
    const unused = await world.link(ann, albumId)
    await world.visit(used)
    expect((await world.call('DELETE', `/v1/albums/${albumId}`, { token: ann.token })).status).toBe(204)
    for (const link of [used, unused]) expect((await world.visit(link)).status).toBe(404)
    // Nothing was issued through the one that nobody opened.
    const retracted = await world.db.primary({
      text: `SELECT subject, min_epoch FROM retractions WHERE subject = ANY ($1)`,
      values: [[`link/${used.id}`, `link/${unused.id}`]],
    })
    expect(retracted).toEqual([{ subject: `link/${used.id}`, min_epoch: 1 }])
    const owed = await world.db.primary<{ link: string }>({
      text: `SELECT payload->>'linkId' AS link FROM outbox WHERE kind = 'linkChanged' AND payload->>'linkId' = ANY ($1)`,
      values: [[used.id, unused.id]],
    })
    expect(owed.filter(({ link }) => link === used.id)).toHaveLength(2)

    const gone = await world.link(bob, await world.album(bob))
    await world.visit(gone)
    await world.db.primary({ text: 'DELETE FROM albums WHERE owner_id = $1', values: [bob.id] })
    const rows = await world.db.primary({
      text: 'SELECT FROM retractions WHERE subject = $1',
      values: [`link/${gone.id}`],
    })
    expect(rows).toHaveLength(1)
  })
})
