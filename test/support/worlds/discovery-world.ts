import { expect } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { rankPhotos } from '../../../src/services/discovery/rank-photos.ts'
import { rankTags } from '../../../src/services/discovery/rank-tags.ts'
import { limitPhoto, takeDownPhoto } from '../../../src/services/moderation/measures.ts'
import { describePhoto } from '../factories/photos.ts'
import { settle } from '../replica.ts'
import type { Json, Person } from './api-world.ts'
import { openGraphWorld, type GraphWorld } from './graph-world.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface NewPhoto {
  caption?: string
  likes?: number
  hoursAgo?: number
}

/** A graph world whose photos are published at times of the test's own, and ranked when it says so. */
export interface DiscoveryWorld extends GraphWorld {
  /** When the story begins. */
  start: number
  /** Accounts that have existed for so many days. */
  authors(count: number, days?: number): Promise<Person[]>
  /** A public photo. */
  publish(owner: Person, photo?: NewPhoto): Promise<PhotoId>
  /** Ranks tags and photos as the schedule does, so many hours after the start, and as if nothing had been ranked later. */
  rank(hours?: number): Promise<void>
  /** A whole list, walked in pages. */
  walk(path: string, viewer?: Person, limit?: number): Promise<Json[]>
  /** Tags and their counts. */
  trending(viewer?: Person): Promise<Record<string, number>>
  /** Photos in their order. */
  explore(viewer?: Person): Promise<PhotoId[]>
}

export async function openDiscoveryWorld(): Promise<DiscoveryWorld> {
  const world = await openGraphWorld()
  const start = Date.now()

  async function walk(path: string, viewer?: Person, limit = 7) {
    const items: Json[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const at: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { status, body } = await world.call('GET', `/v1${path}?limit=${limit}${at}`, {
        token: viewer?.token,
      })
      expect(status, JSON.stringify(body)).toBe(200)
      items.push(...body.items)
      cursor = body.nextCursor
    }
    return items
  }

  return {
    ...world,
    start,
    walk,
    async authors(count, days = 30) {
      const people = await world.people(count)
      await world.db.primary({
        text: 'UPDATE users SET created_at = to_timestamp($2 / 1000.0) WHERE user_id = ANY ($1)',
        values: [people.map(({ id }) => id), start - days * DAY_MS],
      })
      return people
    },
    async publish({ id: ownerId }, { caption, likes = 0, hoursAgo = 0 } = {}) {
      const publishedAt = start - hoursAgo * HOUR_MS
      const photoId = await world.seedPhoto({
        ownerId,
        publishedAt,
        ...(caption === undefined ? {} : { caption }),
      })
      if (likes > 0) await describePhoto(world.db, photoId, { likes })
      return photoId
    },
    async rank(hours = 0) {
      const now = start + hours * HOUR_MS
      for (const table of ['trending_tags', 'explore_orders'])
        await world.db.primary({ text: `DELETE FROM ${table} WHERE generation > $1`, values: [now] })
      await Promise.all([rankTags(world.db, now), rankPhotos(world.db, now)])
      await settle(world.db)
    },
    async trending(viewer) {
      const items = await walk('/tags/trending', viewer)
      return Object.fromEntries(items.map(({ tag, count }) => [tag, count]))
    },
    async explore(viewer) {
      return (await walk('/explore', viewer)).map(({ id }) => id)
    },
  }
}

/** Whatever takes a photo, or all photos of an account, from everyone: the very next read on a replica obeys it. */
export const NARROWINGS: Readonly<
  Record<string, (world: GraphWorld, owner: Person, photoId: PhotoId) => Promise<unknown>>
> = {
  'narrowed to followers': patch({ visibility: 'followers' }),
  'made private': patch({ visibility: 'private' }),
  'called sensitive': patch({ sensitive: true }),
  deleted: (world, { token }, photoId) => world.call('DELETE', `/v1/photos/${photoId}`, { token }),
  limited: (world, _, photoId) => world.db.transaction((tx) => limitPhoto(tx, photoId)),
  'taken down': (world, _, photoId) => world.db.transaction((tx) => takeDownPhoto(tx, photoId)),
  'of an account that went private': (world, owner) => world.setPrivate(owner, true),
  'of a suspended account': (world, owner) => world.setStatus(owner, 'suspended'),
  'of an account that is hidden': (world, { id }) =>
    world.db.primary({
      text: 'UPDATE users SET hidden_from_explore = true WHERE user_id = $1',
      values: [id],
    }),
}

function patch(body: object) {
  return async (world: GraphWorld, { token }: Person, photoId: PhotoId) => {
    const { status } = await world.call('PATCH', `/v1/photos/${photoId}`, { token, body })
    expect(status).toBe(200)
  }
}
