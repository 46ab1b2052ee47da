import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { DarkroomError } from '../../domain/errors.ts'
import { isUuid, type UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../domain/limits.ts'
import { RefreshToken, Session, type SessionRow, type UserRow } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'

/** A retired refresh token works this much longer, for a second tab or a lost answer. */
const RETIRED_GRACE_SECONDS = 10
const SECRET_BYTES = 32

/** Nobody signs in to it; its code is the one that clients know. */
export const accountDeactivated = () => new DarkroomError('account_suspended', 'The account is deactivated.')

export interface OpenSession {
  userId: UserId
  sessionId: string
  refreshToken: string
}

export interface SessionInfo {
  sessionId: string
  userAgent: string | null
  createdAt: Date
  lastUsedAt: Date
}

export interface Sessions {
  /** Signs a device in. */
  open(userId: UserId, userAgent: string): Promise<OpenSession>
  /** The same within a transaction, for an account that is being created. */
  openWithin(tx: Transaction, userId: UserId, userAgent: string): Promise<OpenSession>
  /**
   * Exchanges a refresh token for a new one. If it was exchanged more than 10 s ago, the
   * token was stolen, and the whole session ends.
   * @throws DarkroomError unauthenticated, account_suspended (a deactivated account)
   */
  refresh(refreshToken: string): Promise<OpenSession>
  /** The viewer's devices, the latest sign-in first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<SessionInfo>>
  /** Those of some sessions that have not ended and whose account is active, by the primary. */
  good(sessionIds: readonly string[]): Promise<Set<string>>
  /** Signs a device out; its access tokens live on for at most 5 minutes. @throws DarkroomError not_found */
  revoke(userId: UserId, sessionId: string): Promise<void>
}

export function createSessions({ db, sessionDays }: { db: Database; sessionDays: number }): Sessions {
  async function openWithin(tx: Transaction, userId: UserId, userAgent: string): Promise<OpenSession> {
    const sessionId = uuidv7()
    await run(
      tx.query,
      insertRow(
        Session,
        {
          sessionId,
          userId,
          userAgent: storableUserAgent(userAgent),
          expiresAt: sql<Date>`now() + ${sessionDays} * interval '1 day'`,
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
    return { userId, sessionId, refreshToken: await issueToken(tx, sessionId) }
  }

  return {
    openWithin,
    open: (userId, userAgent) => db.transaction((tx) => openWithin(tx, userId, userAgent)),

    async refresh(refreshToken) {
      const outcome = await db.transaction((tx) => exchange(tx, refreshToken, sessionDays))
      // Thrown after the commit: the revocation that a stolen token causes has to stay.
      if (outcome === 'refused') {
        throw new DarkroomError('unauthenticated', 'The refresh token is not valid; sign in again.')
      }
      if (outcome === 'deactivated') throw accountDeactivated()
      return outcome
    },

    async list(list) {
      const [sessionId] = list.after(['string']) ?? [null]
      // Plan: sessions_user_idx; an account has at most MAX_ITEMS.sessionsPerUser of these. Ids are UUID v7: in order of sign-in.
      const rows = await list.query<SessionRow>({
        name: 'sessions-list',
        text: `SELECT session_id, user_agent, created_at, last_used_at FROM sessions
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
            userAgent: row.user_agent,
            createdAt: row.created_at,
            lastUsedAt: row.last_used_at,
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
  }
}

async function exchange(
  tx: Transaction,
  refreshToken: string,
  sessionDays: number,
): Promise<OpenSession | 'refused' | 'deactivated'> {
  const [sessionId] = refreshToken.split('.', 1)
  if (!sessionId || !isUuid(sessionId)) return 'refused'
  // The session's row is the lock: two exchanges of one token come one after the other.
  const [session] = await tx.query<Pick<SessionRow, 'user_id'> & Pick<UserRow, 'status'>>({
    text: `SELECT s.user_id, u.status FROM sessions s JOIN users u USING (user_id)
           WHERE s.session_id = $1 AND s.revoked_at IS NULL AND s.expires_at > now() FOR UPDATE OF s`,
    values: [sessionId],
  })
  if (!session) return 'refused'
  const [token] = await tx.query<{ retired: boolean; stolen: boolean }>({
    text: `SELECT retired_at IS NOT NULL AS retired,
             coalesce(retired_at < clock_timestamp() - $3 * interval '1 second', false) AS stolen
           FROM refresh_tokens WHERE token_hash = $1 AND session_id = $2`,
    values: [hashOf(refreshToken), sessionId, RETIRED_GRACE_SECONDS],
  })
  if (!token) return 'refused'
  if (token.stolen) {
    await tx.query({
      text: 'UPDATE sessions SET revoked_at = now() WHERE session_id = $1',
      values: [sessionId],
    })
    return 'refused'
  }
  // A suspended account signs in to read its decisions; the API refuses it all else.
  if (session.status === 'deactivated') return 'deactivated'
  if (!token.retired) {
    await tx.query({
      text: 'UPDATE refresh_tokens SET retired_at = clock_timestamp() WHERE token_hash = $1',
      values: [hashOf(refreshToken)],
    })
  }
  await tx.query({
    text: `UPDATE sessions SET last_used_at = now(), expires_at = now() + $2 * interval '1 day' WHERE session_id = $1`,
    values: [sessionId, sessionDays],
  })
  return { userId: session.user_id, sessionId, refreshToken: await issueToken(tx, sessionId) }
}

async function issueToken(tx: Transaction, sessionId: string): Promise<string> {
  const refreshToken = `${sessionId}.${randomBytes(SECRET_BYTES).toString('base64url')}`
  await run(tx.query, insertRow(RefreshToken, { tokenHash: hashOf(refreshToken), sessionId }, ['retiredAt']))
  return refreshToken
}

/** 256 random bits need no slow hash. */
function hashOf(refreshToken: string): Buffer {
  return createHash('sha256').update(refreshToken).digest()
}

/** Header values are Latin-1 as Node reads them; control characters have no place in a list of devices. */
function storableUserAgent(userAgent: string): string | null {
  const shown = userAgent.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_CHARACTERS.userAgent)
  return shown === '' ? null : shown
}
