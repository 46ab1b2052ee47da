import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { isAtLeast, type Role } from '../../domain/moderation.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'

/** Somebody who moderates. */
export interface StaffMember {
  userId: UserId
  role: Exclude<Role, 'user'>
}

export interface Staff {
  /**
   * The account as one of the staff, on the primary: a role that was just revoked gives nothing.
   * @throws DarkroomError forbidden unless its role is at least this one
   */
  assert(userId: UserId, role: StaffMember['role']): Promise<StaffMember>
}

interface StaffDeps {
  db: Pick<Database, 'primary'>
  /** Nobody moderates without a second factor (MODERATION_REQUIRES_TWO_FACTOR). */
  requiresTwoFactor: boolean
  /** Whether the account signs in with a second factor. */
  hasTwoFactor: (userId: UserId) => Promise<boolean>
}

/** Accounts have no second factor yet, so that a service that requires one has no moderators. */
export const withoutTwoFactor: StaffDeps['hasTwoFactor'] = () => Promise.resolve(false)

// Plan: one probe of users_pkey.
const ROLE = `SELECT role FROM users WHERE user_id = $1 AND status = 'active'`

export function createStaff({ db, requiresTwoFactor, hasTwoFactor }: StaffDeps): Staff {
  return {
    async assert(userId, wanted) {
      const [row] = await db.primary<Pick<UserRow, 'role'>>({ name: 'staff', text: ROLE, values: [userId] })
      if (!row || row.role === 'user' || !isAtLeast(row.role, wanted))
        throw new DarkroomError('forbidden', `Only for the role ${wanted} and those above it.`)
      if (requiresTwoFactor && !(await hasTwoFactor(userId)))
        throw new DarkroomError('forbidden', 'Moderators need a second factor, and this account has none.')
      return { userId, role: row.role }
    },
  }
}
