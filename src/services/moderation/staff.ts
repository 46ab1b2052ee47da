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
  assert(viewer: SignedInViewer, role: StaffMember['role']): Promise<StaffMember>
  /** Whether {@link assert} admits them: what anything else than a route of its own gives to moderators hangs on this too. */
  moderates(viewer: SignedInViewer): Promise<boolean>
}

interface SignedInViewer {
  userId: UserId
  sessionId: string
}

export interface StaffDeps {
  db: Pick<Database, 'primary'>
  /** Nobody moderates without a second factor (MODERATION_REQUIRES_TWO_FACTOR). */
  requiresTwoFactor: boolean
  /** Whether the account has a second factor, and the session proved one. */
  hasProvenFactor: (viewer: SignedInViewer) => Promise<boolean>
}

// Plan: one probe of users_pkey.
const ROLE = `SELECT role FROM users WHERE user_id = $1 AND status = 'active'`

export function createStaff({ db, requiresTwoFactor, hasProvenFactor }: StaffDeps): Staff {
  async function roleOf({ userId }: SignedInViewer): Promise<Role> {
    const [row] = await db.primary<Pick<UserRow, 'role'>>({ name: 'staff', text: ROLE, values: [userId] })
    return row?.role ?? 'user'
  }
  const lacksFactor = async (viewer: SignedInViewer) => requiresTwoFactor && !(await hasProvenFactor(viewer))

  return {
    async assert(viewer, wanted) {
      const role = await roleOf(viewer)
      if (role === 'user' || !isAtLeast(role, wanted))
        throw new DarkroomError('forbidden', `Only for the role ${wanted} and those above it.`)
      if (await lacksFactor(viewer))
        throw new DarkroomError('forbidden', 'Moderators need a second factor: add one, or sign in with it.')
      return { userId: viewer.userId, role }
    },

    moderates: async (viewer) => (await roleOf(viewer)) !== 'user' && !(await lacksFactor(viewer)),
  }
}
