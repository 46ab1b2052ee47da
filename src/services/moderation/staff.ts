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
   * @throws DarkroomError forbidden unless its role is at least this one, and its session proved a second factor where one is required
   */
  assert(viewer: { userId: UserId; sessionId: string }, role: StaffMember['role']): Promise<StaffMember>
}

export interface StaffDeps {
  db: Pick<Database, 'primary'>
  /** Nobody moderates without a second factor (MODERATION_REQUIRES_TWO_FACTOR). */
  requiresTwoFactor: boolean
  /** Whether the account has a second factor, and the session proved one. */
  hasProvenFactor: (viewer: { userId: UserId; sessionId: string }) => Promise<boolean>
}

// Plan: one probe of users_pkey.
const ROLE = `SELECT role FROM users WHERE user_id = $1 AND status = 'active'`

export function createStaff({ db, requiresTwoFactor, hasProvenFactor }: StaffDeps): Staff {
  return {
    async assert(viewer, wanted) {
      const { userId } = viewer
      const [row] = await db.primary<Pick<UserRow, 'role'>>({ name: 'staff', text: ROLE, values: [userId] })
      if (!row || row.role === 'user' || !isAtLeast(row.role, wanted))
        throw new DarkroomError('forbidden', `Only for the role ${wanted} and those above it.`)
      if (requiresTwoFactor && !(await hasProvenFactor(viewer)))
        throw new DarkroomError('forbidden', 'Moderators need a second factor: add one, or sign in with it.')
      return { userId, role: row.role }
    },
  }
}
