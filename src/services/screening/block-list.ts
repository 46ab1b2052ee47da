import type { BlockVerdict } from '../../domain/screening.ts'
import type { BlockedPictureRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'

/** A hash of a picture: 64 hex digits of the SHA-256 of its bytes, or 16 of its perceptual hash. */
export type PictureHash = string

interface BlockedHash {
  hash: PictureHash
  verdict: BlockVerdict
  reason: string
}

interface BlockListMatch extends BlockedHash {
  /** How many of 64 bits differ; absent if the bytes are the same. */
  distance?: number
}

/** Pictures that are known beforehand, by hashes. */
export interface BlockList {
  /** @returns how many were not there before; of those that were, verdict and reason are replaced */
  add(entries: readonly BlockedHash[]): Promise<number>
  /** @returns how many were there */
  remove(hashes: readonly PictureHash[]): Promise<number>
  /** In the order of their addition, a page after the given one. */
  list(after?: string): Promise<(BlockedHash & { id: string; addedAt: Date })[]>
  /**
   * The gravest match of a photo, by its bytes and then by what it looks like.
   * @param maxDistance of 64 bits
   */
  match(
    photo: { sha256: Buffer | null; perceptualHash: string | null },
    maxDistance: number,
  ): Promise<BlockListMatch | undefined>
}

const PAGE = 1_000

export function createBlockList({
  primary,
  transaction,
}: Pick<Database, 'primary' | 'transaction'>): BlockList {
  return {
    add: (entries) =>
      transaction(async ({ query }) => {
        let added = 0
        for (const { hash, verdict, reason } of entries) added += await addOne(query, hash, verdict, reason)
        return added
      }),

    async remove(hashes) {
      // Plan: a probe of each unique index for each hash.
      const removed = await primary({
        text: `DELETE FROM blocked_pictures
          WHERE sha256 = ANY (SELECT decode(hash, 'hex') FROM unnest($1::text[]) hash)
            OR perceptual_hash = ANY (SELECT ('x' || hash)::bit(64)::bigint FROM unnest($2::text[]) hash)
          RETURNING blocked_picture_id`,
        values: [hashes.filter(isOfBytes), hashes.filter((hash) => !isOfBytes(hash))],
      })
      return removed.length
    },

    async list(after = '0') {
      // Plan: blocked_pictures_pkey.
      const rows = await primary<BlockedPictureRow>({
        text: `SELECT * FROM blocked_pictures WHERE blocked_picture_id > $1 ORDER BY blocked_picture_id LIMIT ${PAGE}`,
        values: [after],
      })
      return rows.map((row) => ({ id: row.blocked_picture_id, ...toEntry(row), addedAt: row.added_at }))
    },

    async match({ sha256, perceptualHash }, maxDistance) {
      // Plan: a probe by the bytes, and a scan of all perceptual hashes: 100,000 take 15 ms.
      const [found] = await primary<BlockedPictureRow & { distance: number | null }>({
        text: `
          SELECT b.*, NULL::integer AS distance FROM blocked_pictures b WHERE b.sha256 = $1
          UNION ALL
          SELECT * FROM (
            SELECT b.*, bit_count((b.perceptual_hash # $2::bigint)::bit(64))::integer AS distance
            FROM blocked_pictures b WHERE b.perceptual_hash IS NOT NULL) near
          WHERE distance <= $3
          ORDER BY verdict DESC, distance NULLS FIRST LIMIT 1`,
        values: [sha256, perceptualHash, maxDistance],
      })
      if (!found) return undefined
      return { ...toEntry(found), ...(found.distance !== null && { distance: found.distance }) }
    },
  }
}

const isOfBytes = (hash: PictureHash): boolean => hash.length === 64

async function addOne(
  query: Query,
  hash: PictureHash,
  verdict: BlockVerdict,
  reason: string,
): Promise<number> {
  const [column, value] = isOfBytes(hash)
    ? ['sha256', `decode($1, 'hex')`]
    : ['perceptual_hash', `('x' || $1)::bit(64)::bigint`]
  const [row] = await query<{ added: boolean }>({
    text: `INSERT INTO blocked_pictures (${column}, verdict, reason) VALUES (${value}, $2, $3)
      ON CONFLICT (${column}) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason
      RETURNING xmax = 0 AS added`,
    values: [hash, verdict, reason],
  })
  return row!.added ? 1 : 0
}

function toEntry({ sha256, perceptual_hash: perceptual, verdict, reason }: BlockedPictureRow): BlockedHash {
  const hash = sha256 ? sha256.toString('hex') : toHex(BigInt(perceptual!))
  return { hash, verdict, reason }
}

/** A perceptual hash as operators write it. */
export const toHex = (bits: bigint): PictureHash => BigInt.asUintN(64, bits).toString(16).padStart(16, '0')
