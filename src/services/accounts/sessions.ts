import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { isAway } from '../../domain/access.ts'
import { DarkroomError } from '../../domain/errors.ts'
import { isUuid, type UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { Session, type SessionRow, type UserRow } from '../../entities/index.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { accountDeparted } from '../../observability/leaving-events.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { comeBack } from './come-back.ts'
import { storableUserAgent, type Device, type Devices } from './devices.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { SecurityEvents } from './security-events.ts'

/** The refresh token before the present one works this much longer, for a second tab or a lost answer. */
const GRACE_SECONDS = 10

export interface OpenSession {
  userId: UserId
  sessionId: string
  refreshToken: string
}

/** By what a device signs in: the password or a provider's word alone, or with it or instead of it a second factor. */
export type SignInProof = 'password' | 'provider' | 'second factor'

export interface SessionInfo {
  sessionId: string
  name: string | null
  userAgent: string | null
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

export interface Sessions {
  /**
   * Signs a device in, and tells the account if it is a new one. One that is away comes back by it.
   * @param proof whether it proved a second factor
   * @throws DarkroomError erasing if it is being erased
   */
  open(userId: UserId, device: Device, proof?: SignInProof): Promise<OpenSession>
  /** The same within a transaction, for an account that is being created: it has no other devices to be told on. */
  openWithin(tx: Transaction, userId: UserId, device: Device): Promise<OpenSession>
  /**
   * Exchanges a refresh token for the next one. The token before the present one gives the present one for 10 s; any older use was
   * stolen from one of two, and the session ends.
   * @throws DarkroomError unauthenticated
   */
  refresh(refreshToken: string, device: Device): Promise<OpenSession>
  /** The viewer's devices, the latest sign-in first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<SessionInfo>>
  /** Those of some sessions that have not ended and whose account is active, by the primary. */
  good(sessionIds: readonly string[]): Promise<Set<string>>
  /** Signs a device out; its access tokens live on for at most 5 minutes. @throws DarkroomError not_found */
  revoke(userId: UserId, sessionId: string): Promise<void>
  /** Signs every other device out. @returns how many there were */
  revokeOthers(tx: Transaction, userId: UserId, sessionId: string): Promise<number>
  /** Signs every device out, of an account that the transaction holds. */
  revokeAll(tx: Transaction, userId: UserId): Promise<void>
}

export interface SessionsDeps {
  db: Database
  outbox: Pick<Outbox, 'dispatch'>
  /** A session ends after so many days without a refresh, */
  sessionDays: number
  /** and after so many days at the latest. */
  maxSessionDays: number
  refreshTokens: RefreshTokens
  devices: Devices
  securityEvents: Pick<SecurityEvents, 'record'>
}

export function createSessions(deps: SessionsDeps): Sessions {
  const { db, outbox, sessionDays, maxSessionDays, refreshTokens, devices, securityEvents } = deps

  async function openWithin(
    tx: Transaction,
    userId: UserId,
    device: Device,
    proof: SignInProof = 'password',
  ): Promise<OpenSession> {
    const sessionId = uuidv7()
    await run(
      tx.query,
      insertRow(
        Session,
        {
          sessionId,
          userId,
          userAgent: storableUserAgent(device.userAgent),
          name: device.name ?? null,
          network: devices.networkDigest(userId, device),
          expiresAt: sql<Date>`now() + ${Math.min(sessionDays, maxSessionDays)} * interval '1 day'`,
          secondFactorAt: proof === 'second factor' ? sql<Date>`now()` : null,
        },
        ['revokedAt'],
      ),
    )
    await tx.query({
      text: `UPDATE sessions SET revoked_at = now() WHERE revoked_at IS NULL AND session_id IN (
               SELECT session_id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL
               ORDER BY last_used_at DESC, session_id DESC OFFSET $2)`,
      values: [userId, MAX_ITEMS.sessionsPerUser],
    })
    return { userId, sessionId, refreshToken: refreshTokens.issue({ sessionId, generation: 0 }) }
  }

  /** Thrown errors would take the revocation back that a stolen token causes, so outcomes are values. */
  async function exchange(
    tx: Transaction,
    token: PresentedToken,
    device: Device,
  ): Promise<OpenSession | 'refused'> {
    const { sessionId } = token
    // The session's row is the lock: two exchanges of one token come one after the other.
    const [session] = await tx.query<HeldSession>({
      text: HOLD,
      values: [sessionId, GRACE_SECONDS],
    })
    if (!session) return 'refused'
    const use = 'generation' in token ? useOf(token.generation, session) : await useOfRow(tx, token)
    if (use === 'unknown') return 'refused'
    if (use === 'stolen') {
      await tx.query({
        text: 'UPDATE sessions SET revoked_at = now() WHERE session_id = $1',
        values: [sessionId],
      })
      await securityEvents.record(tx.query, session.user_id, 'token_reused', device)
      return 'refused'
    }
    // A suspended account signs in to read its decisions; the API refuses it all else. One that is away has no sessions.
    if (isAway(session.status)) return 'refused'
    const generation = use === 'again' ? session.generation : session.generation + 1
    await tx.query({
      text: RENEW,
      values: [sessionId, sessionDays, maxSessionDays, generation],
    })
    return {
      userId: session.user_id,
      sessionId,
      refreshToken: refreshTokens.issue({ sessionId, generation }),
    }
  }

  return {
    openWithin,

    async open(userId, device, proof) {
      const { session, returned } = await db.transaction(async (tx) => {
        const returned = await comeBack(tx, userId)
        const isKnown = await devices.isKnown(tx.query, userId, device)
        const session = await openWithin(tx, userId, device, proof)
        if (!isKnown) await securityEvents.record(tx.query, userId, 'new_device', device)
        if (returned) await securityEvents.record(tx.query, userId, returned.event, device)
        return { session, returned }
      })
      if (returned) {
        accountDeparted('returned')
        await outbox.dispatch(returned.outboxIds)
      }
      return session
    },

    async refresh(refreshToken, device) {
      const token = refreshTokens.read(refreshToken) ?? readOld(refreshToken)
      const outcome = token ? await db.transaction((tx) => exchange(tx, token, device)) : 'refused'
      if (outcome === 'refused') {
        throw new DarkroomError('unauthenticated', 'The refresh token is not valid; sign in again.')
      }
      return outcome
    },

    async list(list) {
      const [sessionId] = list.after(['string']) ?? [null]
      // Plan: sessions_user_idx; an account has at most MAX_ITEMS.sessionsPerUser of these. Ids are UUID v7: in order of sign-in.
      const rows = await list.query<SessionRow>({
        name: 'sessions-list',
        text: `SELECT session_id, name, user_agent, created_at, last_used_at, expires_at FROM sessions
               WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now()
                 AND session_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
               ORDER BY session_id DESC LIMIT $3`,
        values: [list.viewer.userId, sessionId, list.limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.session_id],
        (shown) =>
          shown.map((row) => ({
            sessionId: row.session_id,
            name: row.name,
            userAgent: row.user_agent,
            createdAt: row.created_at,
            lastUsedAt: row.last_used_at,
            expiresAt: row.expires_at,
          })),
      )
    },

    async good(sessionIds) {
      // Plan: sessions_pkey and users_pkey for each.
      const rows = await db.primary<Pick<SessionRow, 'session_id'>>({
        name: 'sessions-good',
        text: `SELECT s.session_id FROM sessions s JOIN users u USING (user_id)
               WHERE s.session_id = ANY ($1::uuid[]) AND s.revoked_at IS NULL AND s.expires_at > now()
                 AND u.status = 'active'`,
        values: [sessionIds],
      })
      return new Set(rows.map((row) => row.session_id))
    },

    async revoke(userId, sessionId) {
      const rows = await db.primary({
        text: `UPDATE sessions SET revoked_at = now() WHERE session_id = $1 AND user_id = $2 AND revoked_at IS NULL
               RETURNING 1`,
        values: [sessionId, userId],
      })
      if (rows.length === 0) throw new DarkroomError('not_found', 'No such session.')
    },

    async revokeOthers(tx, userId, sessionId) {
      // Plan: sessions_user_idx.
      const rows = await tx.query({
        text: `UPDATE sessions SET revoked_at = now()
               WHERE user_id = $1 AND session_id <> $2 AND revoked_at IS NULL AND expires_at > now() RETURNING 1`,
        values: [userId, sessionId],
      })
      return rows.length
    },

    async revokeAll(tx, userId) {
      await tx.query({
        text: 'UPDATE sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL',
        values: [userId],
      })
    },
  }
}

/** Remembers that the device of a session has just proved a second factor. */
export async function markSecondFactor(query: Query, sessionId: string): Promise<void> {
  await query({
    text: 'UPDATE sessions SET second_factor_at = now() WHERE session_id = $1',
    values: [sessionId],
  })
}

const HOLD = `
  SELECT s.user_id, s.generation, s.renewed_at > clock_timestamp() - $2 * interval '1 second' AS is_fresh, u.status
  FROM sessions s JOIN users u USING (user_id)
  WHERE s.session_id = $1 AND s.revoked_at IS NULL AND s.expires_at > now() FOR UPDATE OF s`

const RENEW = `
  UPDATE sessions SET last_used_at = now(),
    expires_at = least(now() + $2 * interval '1 day', created_at + $3 * interval '1 day'),
    renewed_at = CASE WHEN generation = $4 THEN renewed_at ELSE clock_timestamp() END, generation = $4
  WHERE session_id = $1`

type HeldSession = Pick<SessionRow, 'user_id' | 'generation'> &
  Pick<UserRow, 'status'> & { is_fresh: boolean }

/** `again`: the answer that brought the present token may have been lost. `unknown`: never issued, as far as is known. */
type TokenUse = 'first' | 'again' | 'stolen' | 'unknown'

function useOf(generation: number, session: HeldSession): TokenUse {
  if (generation === session.generation) return 'first'
  // Issued by a primary whose last commits were lost with it.
  if (generation > session.generation) return 'unknown'
  return generation === session.generation - 1 && session.is_fresh ? 'again' : 'stolen'
}

type PresentedToken = { sessionId: string; generation: number } | { sessionId: string; hash: Buffer }

/** A token of before sessions had generations: `<session>.<secret>`, with a row of its own. */
function readOld(refreshToken: string): PresentedToken | undefined {
  const [sessionId = ''] = refreshToken.split('.', 1)
  if (!isUuid(sessionId)) return undefined
  return { sessionId, hash: createHash('sha256').update(refreshToken).digest() }
}

/** Retires it, so that its session goes on by generations. */
async function useOfRow(tx: Transaction, token: { sessionId: string; hash: Buffer }): Promise<TokenUse> {
  const [row] = await tx.query<{ use: TokenUse }>({
    text: `WITH held AS (SELECT token_hash, retired_at FROM refresh_tokens WHERE token_hash = $1 AND session_id = $2),
             retired AS (UPDATE refresh_tokens t SET retired_at = clock_timestamp() FROM held h
               WHERE t.token_hash = h.token_hash AND h.retired_at IS NULL)
           SELECT CASE WHEN retired_at IS NULL THEN 'first'
             WHEN retired_at > clock_timestamp() - $3 * interval '1 second' THEN 'again' ELSE 'stolen' END AS use
           FROM held`,
    values: [token.hash, token.sessionId, GRACE_SECONDS],
  })
  return row?.use ?? 'unknown'
}
