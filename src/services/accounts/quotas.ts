import type { UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'

/** What an account may store, and what its originals take; awaited ones count by their declared bytes. */
export interface Quota {
  bytes: number
  bytesUsed: number
  photos: number
  photosUsed: number
}

/** What applies unless an operator gave the account limits of its own. */
export type DefaultQuota = Pick<Quota, 'bytes' | 'photos'>

export interface Quotas {
  of(userId: UserId): Promise<Quota>
}

export function createQuotas({ primary, limits }: { primary: Query; limits: DefaultQuota }): Quotas {
  return { of: (userId) => readQuota(primary, userId, limits) }
}

/** Within a transaction that holds the account's uploads, exact until it ends but for refunds. */
export async function readQuota(query: Query, userId: UserId, limits: DefaultQuota): Promise<Quota> {
  const [row] = await query<Record<keyof Quota, string>>({
    name: 'quota',
    text: QUOTA,
    values: [userId, limits.bytes, limits.photos],
  })
  return {
    bytes: Number(row!.bytes),
    bytesUsed: Number(row!.bytesUsed),
    photos: Number(row!.photos),
    photosUsed: Number(row!.photosUsed),
  }
}

// Plan: one probe of users_pkey and user_storage_pkey. An account without a row has never stored anything.
const QUOTA = `
  SELECT coalesce(max(u.max_bytes), $2::bigint) AS bytes, coalesce(max(s.bytes), 0) AS "bytesUsed",
    coalesce(max(u.max_photos), $3::bigint) AS photos, coalesce(max(s.photos), 0) AS "photosUsed"
  FROM users u LEFT JOIN user_storage s USING (user_id) WHERE u.user_id = $1`
