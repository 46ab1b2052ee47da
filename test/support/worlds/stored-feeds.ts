import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { viewerOfMany, type ViewerOfMany, type World } from './feed-world.ts'

/** What is stored of feeds, and the reading that stores it. */
export interface StoredFeeds {
  /** A viewer with a warm head, and rows that are complete. */
  reader(photos: number): Promise<ViewerOfMany>
  /** The whole feed; resolves when what reading it stores is stored, and replayed. */
  read(viewer: UserId): Promise<PhotoId[]>
  lastRead(userId: UserId, days: number): Promise<unknown>
  rowsOf(userId: UserId): Promise<PhotoId[]>
  hasHead(userId: UserId): Promise<boolean>
}

export function storedFeedsOf(world: World): StoredFeeds {
  const stored: StoredFeeds = {
    async reader(photos) {
      const one = await viewerOfMany(world, photos)
      await stored.read(one.viewer)
      return one
    },
    async read(viewer) {
      await world.settle()
      const ids = await world.walk(viewer, 3)
      await world.feed.idle()
      await world.settle()
      return ids
    },
    lastRead: (userId, days) =>
      world.db.primary({
        text: `UPDATE feed_state SET last_read_at = now() - $2::integer * interval '1 day' WHERE user_id = $1`,
        values: [userId, days],
      }),
    async rowsOf(userId) {
      const rows = await world.db.primary<{ photo_id: PhotoId }>({
        text: 'SELECT photo_id FROM feed_items WHERE user_id = $1 ORDER BY score DESC, photo_id DESC',
        values: [userId],
      })
      return rows.map((row) => row.photo_id)
    },
    hasHead: async (userId) => (await world.heads.readSlice(userId, undefined, 1)) !== undefined,
  }
  return stored
}
