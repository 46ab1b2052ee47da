import type { Sweep } from '../../contracts/housekeeping.ts'
import type { OriginalCountRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import type { OriginalCounts } from '../../observability/cold-storage-events.ts'

const PAGE = 10_000
const NO_ID = '00000000-0000-0000-0000-000000000000'

/** All of them are read, so housekeeping counts them once an hour, for every process that reports. */
export const countOriginals = (primary: Query): Sweep => ({
  name: 'originalCounts',
  summary: 'Count originals by where they are stored',
  async run(signal) {
    const counts = Object.entries(await countAll(primary, signal))
    await primary({
      text: `INSERT INTO original_counts SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
        ON CONFLICT (tier) DO UPDATE SET originals = excluded.originals, bytes = excluded.bytes`,
      values: [
        counts.map(([tier]) => tier),
        counts.map(([, { originals }]) => originals),
        counts.map(([, { bytes }]) => bytes),
      ],
    })
    return counts.reduce((sum, [, { originals }]) => sum + originals, 0)
  },
})

/** As last counted; undefined before the first time. */
export async function countedOriginals(query: Query): Promise<OriginalCounts | undefined> {
  const rows = await query<OriginalCountRow>({ text: 'SELECT tier, originals, bytes FROM original_counts' })
  if (rows.length === 0) return undefined
  const counts = rows.map(({ tier, originals, bytes }) => [
    tier,
    { originals: Number(originals), bytes: Number(bytes) },
  ])
  return Object.fromEntries(counts) as OriginalCounts
}

/** Page by page, so that no statement takes long however many there are. Plan: blobs_pkey from the last one on. */
async function countAll(query: Query, signal?: AbortSignal): Promise<OriginalCounts> {
  const counts: OriginalCounts = {
    hot: { originals: 0, bytes: 0 },
    cold: { originals: 0, bytes: 0 },
    restored: { originals: 0, bytes: 0 },
  }
  for (let after: string | null = NO_ID; after !== null;) {
    signal?.throwIfAborted()
    const rows: CountedRow[] = await query<CountedRow>({
      text: `
        WITH page AS MATERIALIZED (
          SELECT blob_id, tier, state, bytes, restored_key FROM blobs WHERE blob_id > $1 ORDER BY blob_id LIMIT $2)
        SELECT t.tier, count(p.blob_id) AS originals, coalesce(sum(p.bytes), 0) AS bytes,
          (SELECT blob_id FROM page ORDER BY blob_id OFFSET $2 - 1) AS last
        FROM (VALUES ('hot'), ('cold'), ('restored')) t (tier)
        LEFT JOIN page p ON p.state <> 'condemned'
          AND CASE t.tier WHEN 'restored' THEN p.restored_key IS NOT NULL ELSE p.tier = t.tier END
        GROUP BY t.tier`,
      values: [after, PAGE],
    })
    for (const { tier, originals, bytes } of rows) {
      counts[tier].originals += Number(originals)
      counts[tier].bytes += Number(bytes)
    }
    after = rows[0]!.last
  }
  return counts
}

type CountedRow = { tier: keyof OriginalCounts; originals: string; bytes: string; last: string | null }
