import { DarkroomError, invalidField } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Device } from './devices.ts'
import type { Passwords } from './passwords.ts'

/**
 * Has the person at a signed-in device prove that the account is theirs, before what cannot be undone by the device alone.
 * @throws DarkroomError invalid if the password is wrong
 */
export type ConfirmPassword = (userId: UserId, password: string, device: Device) => Promise<void>

export function createConfirmPassword({
  primary,
  passwords,
}: {
  primary: Query
  passwords: Pick<Passwords, 'matches'>
}): ConfirmPassword {
  return async (userId, password, device) => {
    const [account] = await primary<Pick<UserRow, 'password_hash'>>({
      text: 'SELECT password_hash FROM users WHERE user_id = $1',
      values: [userId],
    })
    if (!account) throw new DarkroomError('unauthenticated', 'The account no longer exists.')
    if (!(await passwords.matches(password, account.password_hash, device.network)))
      throw invalidField('body.password', 'Wrong.')
  }
}
