import { randomBytes } from 'node:crypto'
import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { forgetChallenges } from './factor-challenges.ts'
import { NO_PASSWORD } from './passwords.ts'
import { createSecurityEvents } from './security-events.ts'
import { endSessions, holdAccountOf } from './sign-out-account.ts'

interface ResetFactors {
  apps: number
  passkeys: number
  recoveryCodes: number
  sessions: number
  /** It has neither a password nor an identity of a provider: without its passkeys, nobody signs in to it any more. */
  isLockedOut: boolean
}

interface ResetFactorsDeps {
  db: Pick<Database, 'transaction'>
  logger: Logger
  /** Adds to the audit log, last in the transaction. */
  writeAudit: (
    tx: Transaction,
    entry: { actor: { role: 'operator' }; action: string; subject: string; details: Record<string, unknown> },
  ) => Promise<void>
}

/**
 * Takes all second factors from an account whose person lost them, as an operator does, and ends its sessions. The account is told, and the
 * audit log says so.
 * @param decide sees what would go; unless it agrees, all stays as it is
 * @returns what the account had
 * @throws DarkroomError not_found
 */
export function resetFactors(
  deps: ResetFactorsDeps,
  username: string,
  decide: (held: ResetFactors) => boolean,
): Promise<ResetFactors> {
  return deps.db.transaction(async (tx) => {
    // Whoever adds a factor takes this lock too: it comes before and is removed, or finds its challenge gone.
    const userId = await holdAccountOf(tx, username)
    const held = await heldBy(tx.query, userId)
    if (!decide(held)) return held
    for (const table of ['totp_secrets', 'passkeys', 'recovery_codes'])
      await tx.query({ text: `DELETE FROM ${table} WHERE user_id = $1`, values: [userId] })
    await forgetChallenges(tx.query, userId)
    await endSessions(tx, userId)
    await record(tx, userId, deps, held)
    return held
  })
}

// Plan: users_pkey, totp_secrets_pkey, passkeys_user_idx, recovery_codes_pkey, sessions_user_idx and external_identities_user_idx.
const HELD = `
  SELECT
    (SELECT count(*)::integer FROM totp_secrets WHERE user_id = $1 AND is_confirmed) AS apps,
    (SELECT count(*)::integer FROM passkeys WHERE user_id = $1) AS passkeys,
    (SELECT count(*)::integer FROM recovery_codes WHERE user_id = $1) AS "recoveryCodes",
    (SELECT count(*)::integer FROM sessions
      WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now()) AS sessions,
    password_hash = $2 AND NOT EXISTS (SELECT FROM external_identities WHERE user_id = $1) AS "isLockedOut"
  FROM users WHERE user_id = $1`

async function heldBy(query: Query, userId: UserId): Promise<ResetFactors> {
  const [held] = await query<ResetFactors>({ text: HELD, values: [userId, NO_PASSWORD] })
  if (!held) throw notFound('user')
  return held
}

async function record(
  tx: Transaction,
  userId: UserId,
  { logger, writeAudit }: ResetFactorsDeps,
  held: ResetFactors,
): Promise<void> {
  // An operator has no network that the account could compare: a digest that no other event has.
  const devices = { dailyDigest: () => randomBytes(12) }
  const device = { userAgent: 'darkroom accounts reset-factors', network: 'operator' }
  await createSecurityEvents({ devices, logger }).record(tx.query, userId, 'factors_reset', device)
  await writeAudit(tx, {
    actor: { role: 'operator' },
    action: 'factors.reset',
    subject: `user/${userId}`,
    details: { ...held },
  })
}
