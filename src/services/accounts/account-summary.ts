import type { AccountStatus } from '../../domain/access.ts'
import { notFound } from '../../domain/errors.ts'
import type { ExportStatus } from '../../domain/exports.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Role } from '../../domain/moderation.ts'
import type { SecurityEventKind } from '../../domain/security-events.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { Query } from '../../infra/db/database.ts'
import { NO_PASSWORD } from './passwords.ts'
import { readQuota, type DefaultQuota, type Quota } from './quotas.ts'

/** By what an operator names an account: logs and workflows have its number. */
export type AccountRef = { username: string } | { userId: UserId }

/** What an operator needs to know of an account that asks for help: how things stand, and nothing that it wrote or shows. */
export interface AccountSummary {
  userId: UserId
  username: string
  role: Role
  status: AccountStatus
  suspendedUntil: Date | null
  isPrivate: boolean
  createdAt: Date
  quota: Quota
  photos: Partial<Record<PhotoStatus, number>>
  signIn: {
    hasPassword: boolean
    /** Issuers of the identities that are linked. */
    providers: string[]
    apps: number
    passkeys: number
    recoveryCodes: number
    sessions: number
    tokens: number
    lastUsedAt: Date | null
  }
  webhooks: { enabled: number; disabled: number }
  moderation: { casesToDecide: number; measuresThatStand: number; strikes: number }
  /** The latest, unless nothing of it is left. */
  latestExport: { exportId: string; status: ExportStatus; photos: number; photosTotal: number | null } | null
  erasure: { erasureId: string; startsAt: Date; startedAt: Date | null; completedAt: Date | null } | null
  /** Of the last 30 days, the most frequent first. */
  securityEvents: { kind: SecurityEventKind; count: number; latestAt: Date }[]
}

type SummaryRow = Omit<AccountSummary, 'quota' | 'photos' | 'latestExport' | 'erasure' | 'securityEvents'>

const FIND = {
  username: 'SELECT user_id FROM users WHERE lower(username) = lower($1)',
  userId: 'SELECT user_id FROM users WHERE user_id = $1::bigint',
}

// Plan: users_pkey, and a few rows of each table by its index on the account.
const SUMMARY = `
  SELECT u.user_id AS "userId", u.username, u.role, u.status, u.suspended_until AS "suspendedUntil", u.is_private AS "isPrivate",
    u.created_at AS "createdAt",
    (SELECT jsonb_build_object(
      'hasPassword', u.password_hash <> $2,
      'providers', (SELECT coalesce(jsonb_agg(i.issuer ORDER BY i.issuer), '[]') FROM external_identities i WHERE i.user_id = $1),
      'apps', (SELECT count(*) FROM totp_secrets WHERE user_id = $1 AND is_confirmed),
      'passkeys', (SELECT count(*) FROM passkeys WHERE user_id = $1),
      'recoveryCodes', (SELECT count(*) FROM recovery_codes WHERE user_id = $1),
      'sessions', (SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now()),
      'tokens', (SELECT count(*) FROM personal_tokens WHERE user_id = $1))) AS "signIn",
    (SELECT max(last_used_at) FROM sessions WHERE user_id = $1) AS "lastUsedAt",
    (SELECT jsonb_build_object(
      'enabled', count(*) FILTER (WHERE disabled_at IS NULL), 'disabled', count(*) FILTER (WHERE disabled_at IS NOT NULL))
      FROM webhooks WHERE user_id = $1) AS webhooks,
    (SELECT jsonb_build_object(
      'casesToDecide', (SELECT count(*) FROM moderation_cases WHERE owner_id = $1 AND state IN ('open', 'appealed')),
      'measuresThatStand', count(*) FILTER (
        WHERE action IN ('limit', 'takedown', 'suspend') AND reversed_at IS NULL AND (until IS NULL OR until > now())),
      'strikes', count(*) FILTER (WHERE strike_until > now()))
      FROM moderation_decisions WHERE owner_id = $1) AS moderation
  FROM users u WHERE u.user_id = $1`

// Plan: photos_owner_id_idx, all photos of the account.
const PHOTOS =
  'SELECT status, count(*)::integer AS count FROM photos WHERE owner_id = $1 GROUP BY status ORDER BY status'

// Plan: account_exports_user_idx.
const EXPORT = `
  SELECT export_id AS "exportId", status, photos, photos_total AS "photosTotal" FROM account_exports
  WHERE user_id = $1 AND emptied_at IS NULL ORDER BY export_id DESC LIMIT 1`

// Plan: account_erasures, which holds those of the last 90 days.
const ERASURE = `
  SELECT erasure_id AS "erasureId", starts_at AS "startsAt", started_at AS "startedAt", completed_at AS "completedAt"
  FROM account_erasures WHERE user_id = $1 ORDER BY erasure_id DESC LIMIT 1`

// Plan: security_events_user_idx.
const EVENTS = `
  SELECT kind, count(*)::integer AS count, max(created_at) AS "latestAt" FROM security_events
  WHERE user_id = $1 AND created_at > now() - interval '30 days' GROUP BY kind ORDER BY count DESC, kind`

/**
 * @param limits what applies to accounts without limits of their own
 * @throws DarkroomError not_found
 */
export async function readAccountSummary(
  query: Query,
  ref: AccountRef,
  limits: DefaultQuota,
): Promise<AccountSummary> {
  const [found] = await query<{ user_id: UserId }>(
    'userId' in ref
      ? { text: FIND.userId, values: [ref.userId] }
      : { text: FIND.username, values: [ref.username] },
  )
  if (!found) throw notFound('user')
  const { user_id: userId } = found
  const values = [userId]
  const [row] = await query<SummaryRow & { lastUsedAt: Date | null }>({
    text: SUMMARY,
    values: [userId, NO_PASSWORD],
  })
  if (!row) throw notFound('user')
  const { lastUsedAt, ...summary } = row
  const photos = await query<{ status: PhotoStatus; count: number }>({ text: PHOTOS, values })
  const [latestExport] = await query<NonNullable<AccountSummary['latestExport']>>({ text: EXPORT, values })
  const [erasure] = await query<NonNullable<AccountSummary['erasure']>>({ text: ERASURE, values })
  return {
    ...summary,
    signIn: { ...summary.signIn, lastUsedAt },
    quota: await readQuota(query, userId, limits),
    photos: Object.fromEntries(photos.map(({ status, count }) => [status, count])),
    latestExport: latestExport ?? null,
    erasure: erasure ?? null,
    securityEvents: await query<AccountSummary['securityEvents'][number]>({ text: EVENTS, values }),
  }
}
