import { DarkroomError, invalidField } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Device } from './devices.ts'
import type { Passwords } from './passwords.ts'

/** By what somebody proves that it is they who ask, and now: an access token may have been left behind or copied. */
export interface PresenceProof {
  password: string
}

export interface Presence {
  /**
   * Asks a signed-in device for a proof before something grave: what removes credentials, or the account.
   * @throws DarkroomError invalid (of the field) if the proof is wrong, unauthenticated if the account is gone
   */
  assert(viewer: { userId: UserId; sessionId: string }, proof: PresenceProof, device: Device): Promise<void>
}

export interface PresenceDeps {
  db: Pick<Database, 'primary'>
  passwords: Pick<Passwords, 'matches'>
}

export function createPresence({ db, passwords }: PresenceDeps): Presence {
  return {
    async assert({ userId }, { password }, device) {
      const [account] = await db.primary<Pick<UserRow, 'password_hash'>>({
        name: 'password-hash',
        text: 'SELECT password_hash FROM users WHERE user_id = $1',
        values: [userId],
      })
      if (!account) throw new DarkroomError('unauthenticated', 'The account no longer exists.')
      if (!(await passwords.matches(password, account.password_hash, device.network)))
        throw invalidField('body.password', 'Wrong.')
    },
  }
}
