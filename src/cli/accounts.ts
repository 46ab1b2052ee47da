import { createLogger } from '../observability/logger.ts'
import { readAccountSummary, type AccountSummary } from '../services/accounts/account-summary.ts'
import { resetFactors as resetFactorsOf } from '../services/accounts/reset-factors.ts'
import { signOutAccount } from '../services/accounts/sign-out-account.ts'
import { writeAudit } from '../services/moderation/audit-log.ts'
import { accountErasureWorkflowId } from '../contracts/account-erasure.ts'
import { accountExportWorkflowId } from '../contracts/account-export.ts'
import { UsageError } from './exit.ts'
import { withDatabase } from './with-database.ts'

type Progress = (line: string) => void

export interface ShowOptions {
  /** The account is named by its number, as logs and workflows have it. */
  id?: boolean
  json?: boolean
}

/** Says how an account stands, for an operator whom its person asks. @throws UsageError, DarkroomError not_found */
export const showAccount = (
  account: string,
  { id = false, json = false }: ShowOptions,
  progress: Progress,
): Promise<void> =>
  withDatabase(async (db, { MAX_ACCOUNT_BYTES: bytes, MAX_ACCOUNT_PHOTOS: photos }) => {
    if (id && !/^[1-9]\d{0,17}$/.test(account)) throw new UsageError('--id takes the number of an account')
    const ref = id ? { userId: account } : { username: account }
    const summary = await readAccountSummary(db.primary, ref, { bytes, photos })
    if (json) progress(JSON.stringify(summary, null, 2))
    else for (const line of linesOf(summary)) progress(line)
  })

function linesOf(summary: AccountSummary): string[] {
  const { username, userId, role, quota, signIn, webhooks, moderation } = summary
  const lines = {
    account: `${username}, number ${userId}, ${role}, ${summary.isPrivate ? 'private' : 'public'}, since ${dayOf(summary.createdAt)}`,
    standing: standingOf(summary),
    photos: `${counted(Object.entries(summary.photos))}; ${megabytes(quota.bytesUsed)} of ${megabytes(quota.bytes)}, ${quota.photosUsed} of ${quota.photos}`,
    'signs in by': [
      ...(signIn.hasPassword ? ['password'] : []),
      ...signIn.providers,
      ...(signIn.passkeys > 0 ? ['passkey'] : []),
    ].join(', '),
    factors: `authenticator apps ${signIn.apps}, passkeys ${signIn.passkeys}, recovery codes ${signIn.recoveryCodes}`,
    sessions: `${signIn.sessions}, last used ${signIn.lastUsedAt?.toISOString() ?? 'never'}; personal access tokens ${signIn.tokens}`,
    webhooks: `${webhooks.enabled} enabled, ${webhooks.disabled} disabled`,
    moderation: `cases to decide ${moderation.casesToDecide}, measures that stand ${moderation.measuresThatStand}, strikes ${moderation.strikes}`,
    export: exportOf(summary),
    'last 30 days': counted(
      summary.securityEvents.map(({ kind, count, latestAt }) => [
        `${kind} (last ${latestAt.toISOString()})`,
        count,
      ]),
    ),
  }
  return Object.entries(lines).map(([label, text]) => `${`${label}:`.padEnd(14)}${text || 'none'}`)
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10)
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
const counted = (counts: readonly (readonly [string, number])[]): string =>
  counts.map(([what, count]) => `${what} ${count}`).join(', ') || 'none'

function standingOf({ status, suspendedUntil, erasure, userId }: AccountSummary): string {
  if (status === 'suspended')
    return suspendedUntil ? `suspended until ${suspendedUntil.toISOString()}` : 'suspended without end'
  if (!erasure) return status
  const { startsAt, startedAt, completedAt } = erasure
  if (completedAt) return `${status}, erased ${completedAt.toISOString()}`
  const workflow = `workflow ${accountErasureWorkflowId(userId)}`
  return startedAt
    ? `${status}, erasure began ${startedAt.toISOString()} (${workflow})`
    : `${status}, erasure begins ${startsAt.toISOString()} unless it signs in (${workflow})`
}

function exportOf({ latestExport }: AccountSummary): string {
  if (!latestExport) return 'none'
  const { exportId, status, photos, photosTotal } = latestExport
  return `${status}, ${photos} of ${photosTotal ?? '?'} photos (workflow ${accountExportWorkflowId(exportId)})`
}

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
