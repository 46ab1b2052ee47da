import type { LinkPlan } from '../../contracts/activities/share-links.ts'
import type { LinkId } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { isLive } from '../../infra/db/rules.ts'

/** The steps by which a link ends. Each may run twice. */
export interface LinkEnds {
  /**
   * What the row of a link asks of its workflow, by the clock of the database. `isOwed`: image URLs were issued through the
   * link, which edges have to refuse; a link that nobody opened takes none of the room for denials.
   */
  plan(linkId: LinkId): Promise<LinkPlan & { isOwed: boolean }>
  /** Ends a link that has expired: nothing that opens it is kept. */
  end(linkId: LinkId): Promise<void>
  /** Forgets a link that has ended, so that its token is as unknown as any. */
  purge(linkId: LinkId): Promise<void>
}

export function createLinkEnds(primary: Query): LinkEnds {
  async function isOwed(linkId: LinkId): Promise<boolean> {
    const rows = await primary({
      text: `SELECT FROM retractions WHERE subject = 'link/' || $1::uuid`,
      values: [linkId],
    })
    return rows.length > 0
  }

  return {
    async plan(linkId) {
      const [row] = await primary<{ is_live: boolean; ms_left: number | null; was_opened: boolean }>({
        text: `SELECT ${isLive('l')} AS is_live, ceil(extract(epoch FROM l.expires_at - now()) * 1000)::float8 AS ms_left,
                 l.views > 0 AS was_opened
               FROM share_links l WHERE l.link_id = $1`,
        values: [linkId],
      })
      if (!row) return { state: 'gone', isOwed: await isOwed(linkId) }
      return row.is_live
        ? { state: 'live', msLeft: row.ms_left, isOwed: false }
        : { state: 'expired', isOwed: row.was_opened }
    },

    async end(linkId) {
      await primary({
        text: `UPDATE share_links l SET ended_at = now(), password_hash = NULL
               WHERE l.link_id = $1 AND l.ended_at IS NULL AND NOT ${isLive('l')}`,
        values: [linkId],
      })
    },

    async purge(linkId) {
      await primary({
        text: 'DELETE FROM share_links WHERE link_id = $1 AND ended_at IS NOT NULL',
        values: [linkId],
      })
    },
  }
}
