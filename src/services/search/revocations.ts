import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { PhotoIndex } from '../../infra/opensearch/photo-index.ts'
import type { PendingRevocations } from '../../infra/opensearch/visibility.ts'

/** Normally none to a few of the last second; more are pending only after an outage, or when an account of many photos is erased. */
const MAX_PENDING = 2_000

/** Those that a search leaves out, and whether these are all. */
export interface Pending extends PendingRevocations {
  complete: boolean
}

// Plan: the newest entries of search_revocations_since_idx, with a probe of users_pkey and photos_pkey each.
const PENDING = `
  SELECT r.owner_id AS "ownerId", r.photo_id AS "photoId", p.status IS DISTINCT FROM 'ready' AS "isGone",
    u.status = 'active' AS "isActive", r.subject LIKE 'texts/%' AS "isOfTexts"
  FROM (SELECT owner_id, subject, CASE WHEN subject LIKE 'photo/%' THEN substr(subject, 7)::uuid END AS photo_id
      FROM search_revocations ORDER BY since DESC LIMIT $1) r
    JOIN users u ON u.user_id = r.owner_id LEFT JOIN photos p ON p.photo_id = r.photo_id`

/** What was narrowed and is perhaps still found. Reads where the narrowing can be seen: its commit waits for replicas (ADR 4). */
export async function pendingRevocations(query: Query, maxPending = MAX_PENDING): Promise<Pending> {
  const rows = await query<{
    ownerId: UserId
    photoId: PhotoId | null
    isGone: boolean
    isActive: boolean
    isOfTexts: boolean
  }>({ name: 'search-pending', text: PENDING, values: [maxPending + 1] })
  const pending: Pending = {
    gone: [],
    narrowed: [],
    inactiveOwners: [],
    privateOwners: [],
    withoutTexts: [],
    complete: rows.length <= maxPending,
  }
  for (const { ownerId, photoId, isGone, isActive, isOfTexts } of rows) {
    if (photoId !== null) pending[isGone ? 'gone' : 'narrowed'].push(photoId)
    else if (isOfTexts) pending.withoutTexts.push(ownerId)
    else pending[isActive ? 'privateOwners' : 'inactiveOwners'].push(ownerId)
  }
  return pending
}

/** A revocation as it was read; narrowed again, it has another version. */
interface Revocation {
  subject: string
  min_version: number
}

/**
 * Runs `bringInLine`, which writes the documents of the photos from rows that it reads itself, and then lets searches have them
 * again: once the writes are found by every search, unless its document was rejected or it was narrowed again meanwhile.
 */
export async function settlingPhotos<T extends { rejected?: unknown }>(
  { index, primary }: { index: Pick<PhotoIndex, 'refresh'>; primary: Query },
  photoIds: readonly PhotoId[],
  bringInLine: () => Promise<Map<PhotoId, T>>,
): Promise<Map<PhotoId, T>> {
  const owed = await read(
    primary,
    photoIds.map((photoId) => `photo/${photoId}`),
  )
  const outcomes = await bringInLine()
  const settled = owed.filter(({ subject }) => {
    const outcome = outcomes.get(subject.slice('photo/'.length))
    return outcome !== undefined && outcome.rejected === undefined
  })
  if (settled.length > 0) {
    await index.refresh()
    await forget(primary, settled)
  }
  return outcomes
}

/** How often documents that are still too open are written again, 500 at a time, before the caller has to come back. */
const MAX_PASSES = 3

/**
 * Lets searches have the photos of an account again, and their texts, once the index holds none that is more open than the account. Called
 * when all were brought in line; what a concurrent write left behind is written again.
 * @returns false if the index still holds such photos
 */
export async function settleAccount(
  { index, primary }: { index: Pick<PhotoIndex, 'refresh' | 'search'>; primary: Query },
  userId: UserId,
  bringInLine: (photoIds: PhotoId[]) => Promise<unknown>,
  maxPasses = MAX_PASSES,
): Promise<boolean> {
  const owed = await read(primary, [`account/${userId}`, `texts/${userId}`])
  if (owed.length === 0) return true
  const [owner] = await primary<{ status: string; is_private: boolean; read_text_in_photos: boolean }>({
    text: 'SELECT status, is_private, read_text_in_photos FROM users WHERE user_id = $1',
    values: [userId],
  })
  const tooOpen = owner?.status !== 'active' ? ['public', 'followers'] : owner.is_private ? ['public'] : []
  const withText = ['shared.text', 'withheld.text'].map((field) => ({ exists: { field } }))
  const query = {
    bool: {
      filter: [{ term: { ownerId: { value: userId } } }],
      should: [{ terms: { visibility: tooOpen } }, ...(owner?.read_text_in_photos ? [] : withText)],
      minimum_should_match: 1,
    },
  }
  for (let pass = 0; ; pass++) {
    await index.refresh()
    const { positions } = await index.search({ query, order: 'recent', after: null, size: 500 })
    if (positions.length === 0) break
    if (pass === maxPasses) return false
    await bringInLine(positions.map((position) => position.photoId))
  }
  await forget(primary, owed)
  return true
}

// Plan: probes of search_revocations_pkey.
function read(primary: Query, subjects: readonly string[]): Promise<Revocation[]> {
  return primary<Revocation>({
    name: 'search-revocations',
    text: 'SELECT subject, min_version FROM search_revocations WHERE subject = ANY ($1)',
    values: [subjects],
  })
}

async function forget(primary: Query, owed: readonly Revocation[]): Promise<void> {
  await primary({
    text: `DELETE FROM search_revocations r USING unnest($1::text[], $2::integer[]) done (subject, min_version)
      WHERE r.subject = done.subject AND r.min_version = done.min_version`,
    values: [owed.map(({ subject }) => subject), owed.map(({ min_version }) => min_version)],
  })
}
