import { createLogger } from '../observability/logger.ts'
import { resetFactors as resetFactorsOf } from '../services/accounts/reset-factors.ts'
import { signOutAccount } from '../services/accounts/sign-out-account.ts'
import { writeAudit } from '../services/moderation/audit-log.ts'
import { withDatabase } from './with-database.ts'

type Progress = (line: string) => void

/** Ends what an account is signed in with. @throws DarkroomError not_found */
export const signOut = (username: string, options: { tokens?: boolean }, progress: Progress): Promise<void> =>
  withDatabase(async (db) => {
    const { sessions, tokens } = await signOutAccount(db, username, options)
    progress(`${username} is signed out of ${sessions} sessions`)
    if (options.tokens) progress(`${tokens} personal access tokens are deleted`)
  })

export interface ResetFactorsOptions {
  /** Without it, the command only says what there is. */
  yes?: boolean
  /** Also from an account that signs in by nothing but passkeys. */
  lockOut?: boolean
}

/** Takes all second factors from an account. @throws DarkroomError not_found; Error if that would lock it out, unless it shall */
export const resetFactors = (
  username: string,
  { yes = false, lockOut = false }: ResetFactorsOptions,
  progress: Progress,
): Promise<void> =>
  withDatabase(async (db) => {
    const logger = createLogger({ level: 'warn', service: 'cli' }, process.stderr)
    const held = await resetFactorsOf(
      { db, logger, writeAudit },
      username,
      ({ isLockedOut }) => yes && (lockOut || !isLockedOut),
    )
    const { apps, passkeys, recoveryCodes, sessions, isLockedOut } = held
    progress(
      `${username}: authenticator apps ${apps}, passkeys ${passkeys}, recovery codes ${recoveryCodes}, sessions ${sessions}`,
    )
    if (isLockedOut)
      progress(
        `${username} has neither a password nor an identity of a provider: passkeys are its only way in`,
      )
    if (yes && isLockedOut && !lockOut)
      throw new Error(`this would lock ${username} out for good; nothing is removed without --lock-out`)
    if (yes) progress('all of them are removed, and its sessions have ended')
    else progress('nothing is removed yet: repeat it with --yes once you are sure who asks')
  })
