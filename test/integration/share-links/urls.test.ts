import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shareLinkWorkflowId, type ShareLinkProgress } from '../../../src/contracts/share-link.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import {
  edgeSettings,
  PrivateEdge,
  proxyToEdge,
  type ProxiedEdge,
} from '../../support/servers/private-edge.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { ask } from '../../support/worlds/edge-world.ts'
import { openLinkWorld, type LinkWorld } from '../../support/worlds/link-world.ts'
import { eventually, openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

/** An edge that is up refuses within this time of the commit, whatever else is down. */
const REFUSED_WITHIN_MS = 5_000

let workers: UploadWorld
let world: LinkWorld
let edges: PrivateEdge[]
let proxies: ProxiedEdge[]
let ann: Person

beforeAll(async () => {
  edges = await Promise.all([PrivateEdge.start(), PrivateEdge.start()])
  proxies = await Promise.all(edges.map((edge) => proxyToEdge(edge)))
  const settings = edgeSettings(proxies)
  workers = await openUploadWorld(settings)
  await workers.start(orchestrationWorker)
  world = await openLinkWorld({ ...settings, TEMPORAL_NAMESPACE: workers.config.TEMPORAL_NAMESPACE })
  ;[ann] = (await world.people(1)) as [Person]
})
afterAll(async () => {
  await world?.close()
  await workers?.close()
  for (const proxy of proxies) proxy.close()
  await Promise.all(edges.map((edge) => edge.remove()))
})

async function albumOf(photos: number): Promise<string> {
  const albumId = await world.album(ann)
  const bytes = randomBytes(1_000)
  for (let n = 0; n < photos; n++) {
    const photoId = await world.seedPhoto({ ownerId: ann.id, visibility: 'private' })
    await workers.objects.put(variantKey(photoId, 1, 'thumb_200', 'webp'), bytes, 'image/webp')
    expect(await world.add(ann, albumId, photoId)).toBe(204)
  }
  return albumId
}

const pathOf = ({ variants: [{ url }] }: Json) => {
  const { pathname, search } = new URL(url)
  return `${pathname}${search}`
}
const statusesAt = (edge: PrivateEdge, paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await ask(edge.url, path)).status))
const all = (statuses: readonly number[], status: number) => statuses.every((each) => each === status)

/** Resolves with what the edge has denied since it began: one line of its log for each. */
async function deniesAt(edge: PrivateEdge, linkId: string): Promise<number> {
  return (await edge.logs()).split('\n').filter((line) => line.includes(`/_edge/deny/link/${linkId}`)).length
}

const epochsOf = async (albumId: string) => {
  const [row] = await world.db.primary<{ epochs: string }>({
    text: `SELECT sum(p.access_epoch)::text AS epochs FROM album_photos i JOIN photos p USING (photo_id) WHERE i.album_id = $1`,
    values: [albumId],
  })
  return row!.epochs
}

describe('image URLs that were issued through a link', () => {
  it.each([5, 60])(
    'are refused within seconds of its revocation, by one denial: %i photos',
    async (photos) => {
      const albumId = await albumOf(photos)
      const [link, other] = [await world.link(ann, albumId), await world.link(ann, albumId)]
      const items = (await world.visit(link, { limit: 100 })).body.items as Json[]
      const paths = items.map(pathOf)
      const others = ((await world.visit(other, { limit: 100 })).body.items as Json[]).map(pathOf)
      const own = (await world.call('GET', `/v1/photos/${items[0].id}`, { token: ann.token })).body.photo
      const ownPath = pathOf({ variants: own.variants.filter(({ name }: Json) => name !== 'original') })
      expect(paths).toHaveLength(photos)
      for (const edge of edges) {
        expect(all(await statusesAt(edge, paths), 200)).toBe(true)
        expect((await ask(edge.url, paths[0]!)).headers['x-robots-tag']).toBe('noindex')
        expect((await ask(edge.url, ownPath)).headers['x-robots-tag']).toBeUndefined()
      }
      const epochs = await epochsOf(albumId)

      const revokedAt = performance.now()
      expect(await world.revoke(ann, albumId, link)).toBe(204)
      for (const edge of edges) await eventually(async () => all(await statusesAt(edge, paths), 403))
      expect(performance.now() - revokedAt).toBeLessThan(REFUSED_WITHIN_MS)

      const result = await workers.temporal.workflow.getHandle(shareLinkWorkflowId(link.id)).result()
      expect(result).toEqual({ state: 'gone', edges: { proven: 2, expired: 0 } } satisfies ShareLinkProgress)
      for (const edge of edges) {
        expect(await deniesAt(edge, link.id)).toBe(1)
        // Neither the other link nor the owner notices anything.
        expect(all(await statusesAt(edge, [...others, ownPath]), 200)).toBe(true)
      }
      expect(await epochsOf(albumId)).toBe(epochs)
      expect(await world.db.primary({ text: `SELECT FROM retractions WHERE subject LIKE 'link/%'` })).toEqual(
        [],
      )
    },
  )

  it('are refused where an edge is up, and by a silent one later', async () => {
    const albumId = await albumOf(1)
    const link = await world.link(ann, albumId)
    const paths = ((await world.visit(link)).body.items as Json[]).map(pathOf)
    proxies[1]!.silence()
    try {
      const revokedAt = performance.now()
      expect((await world.call('DELETE', `/v1/albums/${albumId}`, { token: ann.token })).status).toBe(204)
      await eventually(async () => all(await statusesAt(edges[0]!, paths), 403))
      expect(performance.now() - revokedAt).toBeLessThan(REFUSED_WITHIN_MS)
      const owed = await world.db.primary({
        text: 'SELECT subject FROM retractions WHERE subject = $1',
        values: [`link/${link.id}`],
      })
      expect(owed).toHaveLength(1)
    } finally {
      proxies[1]!.recover()
    }
    await eventually(async () => all(await statusesAt(edges[1]!, paths), 403), 30_000)
    await workers.temporal.workflow.getHandle(shareLinkWorkflowId(link.id)).result()
  })

  it('are refused if they are forged, for another link or without an end', async () => {
    const albumId = await albumOf(1)
    const link = await world.link(ann, albumId)
    const [path] = ((await world.visit(link)).body.items as Json[]).map(pathOf)
    for (const forged of [
      path!.replace(/&l=[^&]+/, ''),
      path!.replace(
        link.id,
        link.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      ),
      path!.replace(/&e=\d+/, ''),
    ])
      expect((await ask(edges[0]!.url, forged)).status).toBe(403)
  })

  it('end with a link that expires, whose row then waits to be forgotten', async () => {
    const albumId = await albumOf(1)
    const expiresAt = new Date(Date.now() + 4_000)
    const link = await world.link(ann, albumId, { expiresAt: expiresAt.toISOString(), password: 'fog-2026' })
    const [path] = ((await world.visit(link, { password: 'fog-2026' })).body.items as Json[]).map(pathOf)
    expect((await ask(edges[0]!.url, path!)).status).toBe(200)
    const handle = workers.temporal.workflow.getHandle(shareLinkWorkflowId(link.id))
    await eventually(
      async () => (await handle.query<ShareLinkProgress>('shareLinkProgress')).state === 'ended',
    )
    for (const edge of edges) expect((await ask(edge.url, path!)).status).toBe(403)
    const [row] = await world.db.primary({
      text: 'SELECT ended_at >= expires_at AS ended, password_hash FROM share_links WHERE link_id = $1',
      values: [link.id],
    })
    expect(row).toEqual({ ended: true, password_hash: null })
    const { searchAttributes } = await handle.describe()
    expect(searchAttributes['DarkroomOwner']).toEqual([ann.id])
    expect(searchAttributes['DarkroomStage']).toEqual(['ended'])
    expect(await world.revoke(ann, albumId, link)).toBe(204)
    expect(await handle.result()).toMatchObject({ state: 'gone' })
  })
})
