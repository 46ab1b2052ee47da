import { createHash, randomBytes } from 'node:crypto'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import { RECOVERY_ALPHABET, RECOVERY_CHARACTERS, shownRecoveryCode } from '../../domain/two-factor.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { lockAccount } from './accounts.ts'
import type { Device } from './devices.ts'
import { hasFactor } from './has-factor.ts'
import type { SecurityEvents } from './security-events.ts'

/** Codes on paper that stand in for a lost factor, each once. */
export interface RecoveryCodes {
  /** Makes new ones, which are shown this once; those of before are void. */
  make(userId: UserId, device: Device): Promise<string[]>
  /** How many are left, and when they were made. */
  left(userId: UserId): Promise<{ left: number; madeAt: Date | null }>
  /** Takes one, and tells the account. Of two at the same time, one is right. @returns whether it was right */
  use(query: Query, userId: UserId, code: string, device: Device): Promise<boolean>
}

export function createRecoveryCodes({
  db,
  securityEvents,
}: {
  db: Database
  securityEvents: Pick<SecurityEvents, 'record'>
}): RecoveryCodes {
  return {
    make(userId, device) {
      const codes = Array.from({ length: MAX_ITEMS.recoveryCodes }, newCode)
      return db.transaction(async (tx) => {
        await lockAccount(tx, userId)
        await tx.query({ text: FORGET, values: [userId] })
        await tx.query({
          text: 'INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])',
          values: [userId, codes.map((code) => hashOf(userId, code))],
        })
        await securityEvents.record(tx.query, userId, 'recovery_codes_made', device)
        return codes.map(shownRecoveryCode)
      })
    },

    async left(userId) {
      const [row] = await db.primary<{ left: number; made_at: Date | null }>({
        name: 'recovery-codes-left',
        text: 'SELECT count(*)::integer AS left, max(created_at) AS made_at FROM recovery_codes WHERE user_id = $1',
        values: [userId],
      })
      return { left: row!.left, madeAt: row!.made_at }
    },

    async use(query, userId, code, device) {
      const used = await query({
        name: 'recovery-code-use',
        text: 'DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING 1',
        values: [userId, hashOf(userId, code)],
      })
      if (used.length === 0) return false
      await securityEvents.record(query, userId, 'recovery_code_used', device)
      return true
    },
  }
}

/**
 * After a factor was removed, under the lock of the account: without any, nothing asks for codes, and what sessions proved is void. Those
 * who add a factor again get new codes, and prove it.
 */
export async function forgetIfLastFactor(query: Query, userId: UserId): Promise<void> {
  await query({ text: `${FORGET} AND NOT ${hasFactor('$1')}`, values: [userId] })
  // Plan: sessions_user_idx.
  await query({
    text: `UPDATE sessions SET second_factor_at = NULL
           WHERE user_id = $1 AND second_factor_at IS NOT NULL AND NOT ${hasFactor('$1')}`,
    values: [userId],
  })
}

const FORGET = 'DELETE FROM recovery_codes WHERE user_id = $1'

/** 32 characters: each takes five bits of a byte, evenly. */
const newCode = () =>
  [...randomBytes(RECOVERY_CHARACTERS)].map((byte) => RECOVERY_ALPHABET[byte % 32]!).join('')

/** 120 random bits need no slow hash. */
const hashOf = (userId: UserId, code: string) => createHash('sha256').update(`${userId} ${code}`).digest()
