import { expect } from 'vitest'
import type { AlbumId, PhotoId } from '../../../src/domain/ids.ts'
import { openAlbumWorld, type AlbumWorld } from './album-world.ts'
import type { Json, Person } from './api-world.ts'

export interface MadeLink {
  id: string
  token: string
}

interface VisitOptions {
  password?: string
  session?: string
  limit?: number
  cursor?: string
}

interface Visited {
  status: number
  headers: Headers
  body: Json
}

/** An album world, links to its albums, and their visitors. */
export interface LinkWorld extends AlbumWorld {
  /** Makes a link, which must work. */
  link(who: Person, albumId: AlbumId, fields?: object): Promise<MadeLink>
  revoke(who: Person, albumId: AlbumId, link: MadeLink): Promise<number>
  /** Opens a link as a visitor without an account does. */
  visit(link: { token: string }, options?: VisitOptions): Promise<Visited>
  /** The ids of all photos that the link shows, walked in pages; undefined if it is refused. */
  shown(link: { token: string }, options?: VisitOptions): Promise<PhotoId[] | undefined>
  /** Opens an upload into the drop box. */
  offer(link: { token: string }, fields?: object, options?: VisitOptions): Promise<Visited>
}

export async function openLinkWorld(overrides: Record<string, string> = {}): Promise<LinkWorld> {
  const albums = await openAlbumWorld(overrides)
  const headersOf = ({ password, session }: VisitOptions) => ({
    ...(password === undefined ? {} : { 'X-Share-Password': password }),
    ...(session === undefined ? {} : { 'X-Share-Session': session }),
  })

  const world: LinkWorld = {
    ...albums,
    async link(who, albumId, fields = {}) {
      const { status, body } = await albums.call('POST', `/v1/albums/${albumId}/share-links`, {
        token: who.token,
        body: fields,
      })
      expect(status).toBe(201)
      return { id: body.link.id, token: body.link.token }
    },
    revoke: async (who, albumId, link) =>
      (await albums.call('DELETE', `/v1/albums/${albumId}/share-links/${link.id}`, { token: who.token }))
        .status,
    visit({ token }, options = {}) {
      const { limit = 20, cursor } = options
      const query = `limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`
      return albums.call('GET', `/v1/share/${token}?${query}`, { headers: headersOf(options) })
    },
    async shown(link, options = {}) {
      const ids: PhotoId[] = []
      let page = await world.visit(link, options)
      if (page.status !== 200) return undefined
      const { session } = page.body
      for (;;) {
        ids.push(...page.body.items.map(({ id }: Json) => id))
        const cursor = page.body.nextCursor
        if (cursor === null) return ids
        page = await world.visit(link, { ...options, session, cursor })
        expect(page.status).toBe(200)
      }
    },
    offer: ({ token }, fields = {}, options = {}) =>
      albums.call('POST', `/v1/share/${token}/uploads`, {
        body: { contentType: 'image/jpeg', bytes: 10, ...fields },
        headers: headersOf(options),
      }),
  }
  return world
}
