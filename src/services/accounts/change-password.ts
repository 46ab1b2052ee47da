import { DarkroomError, invalidField } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { assertStrong, replaceHash } from './accounts.ts'
import type { Device } from './devices.ts'
import { forgetChallenges } from './factor-challenges.ts'
import { NO_PASSWORD, type Passwords } from './passwords.ts'
import type { Presence } from './presence.ts'
import type { SecurityEvents } from './security-events.ts'
import type { Sessions } from './sessions.ts'

interface PasswordChange {
  /** Undefined for an account that has none. */
  currentPassword?: string | undefined
  newPassword: string
}

/**
 * Changes the password and signs every other device out. An account without one gets its first from a device that has just signed in.
 * @throws DarkroomError invalid if the present password is wrong, or the new one weak or the same; presence_required
 */
export type ChangePassword = (
  viewer: { userId: UserId; sessionId: string },
  change: PasswordChange,
  device: Device,
) => Promise<void>

export interface ChangePasswordDeps {
  db: Database
  passwords: Passwords
  sessions: Pick<Sessions, 'revokeOthers'>
  securityEvents: Pick<SecurityEvents, 'record'>
  presence: Pick<Presence, 'hasJustSignedIn'>
  serviceName: string
}

export function createChangePassword(deps: ChangePasswordDeps): ChangePassword {
  const { db, passwords, sessions, securityEvents, presence, serviceName } = deps
  return async ({ userId, sessionId }, { currentPassword, newPassword }, device) => {
    const [account] = await db.primary<Pick<UserRow, 'username' | 'display_name' | 'password_hash'>>({
      text: 'SELECT username, display_name, password_hash FROM users WHERE user_id = $1',
      values: [userId],
    })
    if (!account) throw new DarkroomError('unauthenticated', 'The account no longer exists.')
    if (account.password_hash === NO_PASSWORD) {
      if (!(await presence.hasJustSignedIn({ userId, sessionId }))) throw signInFirst()
    } else {
      if (currentPassword === undefined) throw invalidField('body.currentPassword', 'Required.')
      if (!(await passwords.matches(currentPassword, account.password_hash, device.network))) throw isWrong()
    }
    assertStrong('body.newPassword', newPassword, [account.username, account.display_name, serviceName])
    if (newPassword === currentPassword) throw invalidField('body.newPassword', 'The same as before.')
    const passwordHash = await passwords.hash(newPassword, device.network)
    await db.transaction(async (tx) => {
      // Two changes at once: the second was asked for with a password that is no longer the present one.
      if (!(await replaceHash(tx.query, userId, account.password_hash, passwordHash))) throw isWrong()
      await sessions.revokeOthers(tx, userId, sessionId)
      await forgetChallenges(tx.query, userId)
      await securityEvents.record(tx.query, userId, 'password_changed', device)
    })
  }
}

/** Signs every other device out, as its user asks. */
export type SignOutElsewhere = (
  viewer: { userId: UserId; sessionId: string },
  device: Device,
) => Promise<void>

export function createSignOutElsewhere({
  db,
  sessions,
  securityEvents,
}: Pick<ChangePasswordDeps, 'db' | 'sessions' | 'securityEvents'>): SignOutElsewhere {
  return async ({ userId, sessionId }, device) => {
    await db.transaction(async (tx) => {
      const ended = await sessions.revokeOthers(tx, userId, sessionId)
      if (ended > 0) await securityEvents.record(tx.query, userId, 'sessions_ended', device)
    })
  }
}

const signInFirst = () =>
  new DarkroomError('presence_required', 'Sign in again, then set your first password within ten minutes.')

const isWrong = () => invalidField('body.currentPassword', 'Wrong.')
