import { hasSecondFactor } from '../../domain/two-factor.ts'
import type { UserRow } from '../../entities/index.ts'
import { secondFactorsOf } from '../../services/accounts/second-factors.ts'
import { verifyAudit } from '../../services/moderation/audit-log.ts'
import { grantRole } from '../../services/moderation/roles.ts'
import { withDatabase } from '../with-database.ts'

type Progress = (line: string) => void

/**
 * Gives an account a role; `user` takes every other one away. Says what the account still needs before it may moderate.
 * @throws DarkroomError not_found
 */
export const setRole = (username: string, role: UserRow['role'], progress: Progress): Promise<void> =>
  withDatabase(async (db, { MODERATION_REQUIRES_TWO_FACTOR: requiresFactor }) => {
    const { userId, before } = await grantRole(db, username, role)
    progress(before === role ? `${username} is ${role} already` : `${username}: ${before} -> ${role}`)
    if (role === 'user' || !requiresFactor || hasSecondFactor(await secondFactorsOf(db.primary, userId)))
      return
    progress(
      `${username} has no second factor, and moderates nothing until it adds one (docs/moderation.md, Roles)`,
    )
  })

/** Proves that nothing in the log was changed or removed. @throws Error naming the first entry that does not follow */
export const verifyAuditLog = (progress: Progress): Promise<void> =>
  withDatabase(async (db) => {
    const { entries, brokenAt, head } = await verifyAudit(db.primary)
    if (brokenAt !== null) throw new Error(`entry ${brokenAt} does not follow from those before it`)
    progress(`${entries} entries, each follows from the one before it`)
    if (head !== null) progress(`last hash ${head}`)
  })
