import type { UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Device, Devices } from './devices.ts'
import type { NameDigest } from './name-digest.ts'
import type { SecurityEvents } from './security-events.ts'

/** What throttling of sign-ins asks of an account. */
export interface SignInGuard {
  /**
   * Whether the account of this name, if there is one, knows the device or its network, and by what attempts of the device
   * are counted: itself if it can prove that it signed in before, else its network. `name` is what counts them for the account:
   * counters outlive an account that is erased, and so do not tell its name.
   */
  recognize(username: string, device: Device): Promise<{ isKnown: boolean; counter: string; name: string }>
  /** The same of an account whose password was right. */
  recognizeAccount(userId: UserId, device: Device): Promise<{ isKnown: boolean; counter: string }>
  /** Tells the account that sign-ins from new networks are refused for now. */
  blocked(username: string, device: Device): Promise<void>
  /** Tells the account that somebody who has its password tries second factors. */
  secondFactorBlocked(userId: UserId, device: Device): Promise<void>
}

/** Stands for the account of a name that nobody has, so that it is looked up for as long. */
const NOBODY = '0'

export function createSignInGuard({
  primary,
  devices,
  securityEvents,
  nameDigest,
}: {
  primary: Query
  devices: Devices
  nameDigest: NameDigest
  securityEvents: Pick<SecurityEvents, 'record'>
}): SignInGuard {
  async function userIdOf(username: string) {
    const [row] = await primary<Pick<UserRow, 'user_id'>>({
      name: 'user-id-by-name',
      text: 'SELECT user_id FROM users WHERE lower(username) = lower($1)',
      values: [username],
    })
    return row?.user_id
  }

  async function recognizeAccount(userId: UserId, device: Device) {
    const isKnown = await devices.isKnown(primary, userId, device)
    return { isKnown, counter: (isKnown && devices.provenSession(device)) || device.network }
  }

  return {
    async recognize(username, device) {
      const recognized = await recognizeAccount((await userIdOf(username)) ?? NOBODY, device)
      return { ...recognized, name: nameDigest(username.toLowerCase()).toString('base64url') }
    },
    recognizeAccount,
    async blocked(username, device) {
      const userId = await userIdOf(username)
      if (userId !== undefined) await securityEvents.record(primary, userId, 'sign_in_blocked', device)
    },
    secondFactorBlocked: (userId, device) =>
      securityEvents.record(primary, userId, 'second_factor_blocked', device),
  }
}
