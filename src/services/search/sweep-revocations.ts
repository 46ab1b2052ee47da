import type { Sweep } from '../../contracts/housekeeping.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import { settleAccount } from './revocations.ts'
import { bringInLine, type SearchIndexDeps } from './search-index.ts'

/** Long after the steps that follow a narrowing have brought its documents in line, unless nothing is brought in line. */
const OVERDUE = `interval '15 minutes'`
const BATCH = 500
/** In one run; the rest is the next one's. */
const MAX_REVOCATIONS = 20_000
/** Of 500 photos of an account each; what is written once need not be written again by the next run. */
const MAX_PASSES = 40

interface Overdue {
  subject: string
  owner_id: UserId
  photo_id: PhotoId | null
}

/**
 * Brings in line what narrowings still wait for whose workflow was lost, as that would have done it: an entry goes once the index is
 * seen to have followed. One whose documents are rejected stays.
 */
export function sweepRevocations(deps: SearchIndexDeps): Sweep {
  return {
    name: 'searchRevocations',
    summary: 'Bring search documents in line that narrowings still wait for',
    async run(signal) {
      let settled = 0
      let after = ''
      for (let seen = 0; seen < MAX_REVOCATIONS; seen += BATCH) {
        signal?.throwIfAborted()
        const overdue = await overdueAfter(deps.primary, after)
        if (overdue.length === 0) break
        await settle(deps, overdue, signal)
        settled += overdue.length - (await countLeft(deps.primary, overdue))
        after = overdue.at(-1)!.subject
      }
      return settled
    },
  }
}

async function settle(
  deps: SearchIndexDeps,
  overdue: readonly Overdue[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const photoIds = overdue.map((each) => each.photo_id).filter((photoId) => photoId !== null)
  if (photoIds.length > 0) await bringInLine(deps, photoIds)
  for (const { owner_id: userId, photo_id: photoId } of overdue) {
    if (photoId !== null) continue
    signal?.throwIfAborted()
    await settleAccount(deps, userId, (left) => bringInLine(deps, left), MAX_PASSES)
  }
}

/** Plan: search_revocations_pkey; the table is small. */
function overdueAfter(primary: Query, after: string): Promise<Overdue[]> {
  return primary<Overdue>({
    text: `SELECT subject, owner_id, CASE WHEN subject LIKE 'photo/%' THEN substr(subject, 7)::uuid END AS photo_id
      FROM search_revocations WHERE subject > $1 AND since < now() - ${OVERDUE} ORDER BY subject LIMIT ${BATCH}`,
    values: [after],
  })
}

async function countLeft(primary: Query, overdue: readonly Overdue[]): Promise<number> {
  const left = await primary({
    text: 'SELECT FROM search_revocations WHERE subject = ANY ($1)',
    values: [overdue.map(({ subject }) => subject)],
  })
  return left.length
}
