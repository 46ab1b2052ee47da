import type { Sweep } from '../../contracts/housekeeping.ts'
import type { BlobRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { condemnUnlessReferred, deleteCondemned, type BlobStores } from './release-original.ts'

const BATCH_BLOBS = 500

/** Deletes blobs that are condemned: second copies of what is stored already, and what died between two steps. */
export const sweepBlobs = (stores: BlobStores): Sweep => ({
  name: 'condemnedBlobs',
  summary: 'Delete originals that no photo refers to',
  async run(signal) {
    let deleted = 0
    for (let batch = BATCH_BLOBS; batch === BATCH_BLOBS; deleted += batch) {
      signal?.throwIfAborted()
      // Plan: blobs_condemned_idx.
      const rows = await stores.db.primary<Pick<BlobRow, 'blob_id'>>({
        text: `SELECT blob_id FROM blobs WHERE state = 'condemned' ORDER BY condemned_at LIMIT $1`,
        values: [BATCH_BLOBS],
      })
      if (rows.length === 0) break
      batch = await deleteCondemned(
        stores,
        rows.map((row) => row.blob_id),
      )
    }
    return deleted
  },
})

type Named = Pick<BlobRow, 'blob_id' | 'object_key' | 'state' | 'tier' | 'restored_key'> & {
  is_referred: boolean
}

/** The keys in the hot storage that rows of blobs name, by blob. Blobs without a photo are condemned in passing: rows of photos may be lost. */
export async function namedByBlobs(
  db: BlobStores['db'],
  blobIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const rows = await readNames(db.primary, blobIds)
  const lost = rows.filter((row) => !row.is_referred && row.state !== 'condemned').map((row) => row.blob_id)
  if (lost.length > 0) await db.transaction(({ query }) => condemnUnlessReferred(query, lost))
  const keysOf = ({ tier, object_key: key, restored_key: restored }: Named) =>
    [tier === 'hot' ? key : null, restored].filter((named) => named !== null)
  return new Map(rows.map((row) => [row.blob_id, new Set(keysOf(row))]))
}

// Plan: a probe of blobs_pkey and of photos_blob_idx for each.
function readNames(query: Query, blobIds: readonly string[]) {
  return query<Named>({
    text: `SELECT blob_id, object_key, state, tier, restored_key, EXISTS (SELECT FROM photos p WHERE p.blob_id = b.blob_id) AS is_referred
      FROM blobs b WHERE blob_id = ANY ($1::uuid[])`,
    values: [blobIds],
  })
}
