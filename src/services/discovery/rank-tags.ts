import { MAX_ITEMS } from '../../domain/limits.ts'
import type { Database } from '../../infra/db/database.ts'
import { isShownToAll } from '../../infra/db/rules.ts'
import { ranked } from '../../observability/discovery-events.ts'
import { KEPT_HOURS, MS_PER_DAY, MS_PER_HOUR } from './generations.ts'
import { isRecent, recentPhotos } from './recent-photos.ts'

/** Photos that were published earlier do not count. */
const WINDOW_DAYS = 3
/** A photo of this age counts half as much as a new one. */
const HALF_LIFE_HOURS = 12
/** Tags of fewer authors do not trend, whatever they do. */
export const MIN_AUTHORS = 3
/** An account counts in full once it is this old: whoever wants to push a tag has to plan ahead, account by account. */
const TRUSTED_DAYS = 7
/** What a new account counts. */
const LEAST_TRUST = 0.1

const NOW = '$1::bigint'
const trust = (createdAt: string) => `least(1, ${LEAST_TRUST} + ${1 - LEAST_TRUST} *
  greatest(0, r.score - extract(epoch FROM ${createdAt}) * 1000)::float8 / ${TRUSTED_DAYS * MS_PER_DAY})`

// Plan: recentPhotos, and their rows by the same index or photos_pkey; then a probe of users_pkey and photo_tags_pkey for each.
const RANK = `
  INSERT INTO trending_tags (generation, place, tag, photo_ids)
  SELECT ${NOW}, row_number() OVER (ORDER BY heat DESC, tag), tag, photo_ids
  FROM (
    SELECT tag, sum(weight) AS heat,
      (array_agg(photo_id ORDER BY score DESC, photo_id))[1:${MAX_ITEMS.authorsPerTrendingTag}] AS photo_ids
    FROM (
      SELECT DISTINCT ON (t.tag, r.owner_id) t.tag, r.photo_id, r.score,
        2 ^ ((r.score - ${NOW})::float8 / ${HALF_LIFE_HOURS * MS_PER_HOUR}) * ${trust('u.created_at')} AS weight
      FROM (${recentPhotos(NOW, WINDOW_DAYS)}) r
      JOIN photos p ON p.photo_id = r.photo_id JOIN users u ON u.user_id = r.owner_id
      JOIN photo_tags t ON t.photo_id = r.photo_id
      WHERE ${isRecent('p', NOW, WINDOW_DAYS)} AND ${isShownToAll('p', 'u')}
      ORDER BY t.tag, r.owner_id, r.score DESC, r.photo_id DESC) latest
    GROUP BY tag HAVING count(*) >= ${MIN_AUTHORS}
    ORDER BY heat DESC, tag LIMIT ${MAX_ITEMS.trendingTags}) ranked`

const COUNT = 'SELECT count(*)::int AS tags FROM trending_tags WHERE generation = $1'
/** And what an earlier attempt of this run has ranked. */
const DROP_OLD = `
  DELETE FROM trending_tags WHERE generation < ${NOW} - ${KEPT_HOURS * MS_PER_HOUR} OR generation = ${NOW}`

/**
 * Ranks the tags that trend: by their authors, each of whom counts once, by the age of their latest photo with the tag and of their
 * account. Everything comes from photos as they are now, so nothing has to be told of narrowings, and what is lost is made again by the
 * next run. May run twice.
 * @returns how many tags trend
 */
export async function rankTags(db: Pick<Database, 'transaction'>, now: number): Promise<number> {
  const count = await db.transaction(async ({ query }) => {
    await query({ text: DROP_OLD, values: [now] })
    await query({ text: RANK, values: [now] })
    const [row] = await query<{ tags: number }>({ text: COUNT, values: [now] })
    return row!.tags
  })
  ranked('tags')
  return count
}
