import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { isAway } from '../../domain/access.ts'
import { DarkroomError, notFound, signInToReturn } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { Scope } from '../../domain/scopes.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { PersonalToken, type PersonalTokenRow, type UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { lockAccount } from './accounts.ts'
import type { Device } from './devices.ts'
import type { SecurityEvents } from './security-events.ts'

/** By which a token is known for one, to us and to those who look for leaked secrets. */
export const TOKEN_PREFIX = 'darkroom_'
const SECRET_BYTES = 32

export type ShownToken = Omit<PersonalTokenRow, 'token_hash' | 'user_id'>

interface NewToken {
  name: string
  scopes: readonly Scope[]
  expiresAt: Date | null
}

/** Whom a token speaks for, and for what. */
interface TokenHolder {
  userId: UserId
  tokenId: string
  scopes: readonly Scope[]
}

export interface PersonalTokens {
  /** Makes a token; its secret is shown this once. @throws DarkroomError quota_exceeded */
  create(userId: UserId, token: NewToken, device: Device): Promise<{ token: ShownToken; secret: string }>
  /** The viewer's, the latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownToken>>
  /** Ends it at once. @throws DarkroomError not_found */
  revoke(userId: UserId, tokenId: string): Promise<void>
  /** On the primary: what was revoked is refused from then on. @throws DarkroomError unauthenticated, token_expired, account_suspended */
  verify(secret: string): Promise<TokenHolder>
}

const COLUMNS = 'token_id, name, scopes, created_at, expires_at, last_used_at'

// Plan: personal_tokens_token_hash_key and users_pkey.
const FIND = `
  SELECT t.token_id, t.user_id, t.scopes, u.status, coalesce(t.expires_at <= now(), false) AS is_expired,
    coalesce(t.last_used_at < now() - interval '5 minutes', true) AS is_news
  FROM personal_tokens t JOIN users u USING (user_id) WHERE t.token_hash = $1`

// Walks personal_tokens_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${COLUMNS} FROM personal_tokens
  WHERE user_id = $1 AND token_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY token_id DESC LIMIT $3`

export function createPersonalTokens({
  db,
  securityEvents,
}: {
  db: Database
  securityEvents: Pick<SecurityEvents, 'record'>
}): PersonalTokens {
  return {
    async create(userId, { name, scopes, expiresAt }, device) {
      const secret = `${TOKEN_PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`
      return db.transaction(async (tx) => {
        // Two at once come one after the other, and are counted so.
        await lockAccount(tx, userId)
        const held = await tx.query({
          text: 'SELECT FROM personal_tokens WHERE user_id = $1',
          values: [userId],
        })
        if (held.length >= MAX_ITEMS.tokensPerUser)
          throw new DarkroomError('quota_exceeded', 'You have as many tokens as there may be; delete one.')
        const [token] = await run(
          tx.query,
          insertRow(
            PersonalToken,
            { tokenId: uuidv7(), userId, name, scopes: [...scopes], tokenHash: hashOf(secret), expiresAt },
            ['lastUsedAt'],
          ).returning(['token_id', 'name', 'scopes', 'created_at', 'expires_at', 'last_used_at']),
        )
        await securityEvents.record(tx.query, userId, 'token_created', device)
        return { token: token!, secret }
      })
    },

    async list(list) {
      const [tokenId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownToken>({
        name: 'personal-tokens',
        text: LIST,
        values: [list.viewer.userId, tokenId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.token_id])
    },

    async revoke(userId, tokenId) {
      const rows = await db.primary({
        text: 'DELETE FROM personal_tokens WHERE token_id = $1 AND user_id = $2 RETURNING 1',
        values: [tokenId, userId],
      })
      if (rows.length === 0) throw notFound('token')
    },

    async verify(secret) {
      const [row] = await db.primary<
        Pick<PersonalTokenRow, 'token_id' | 'user_id' | 'scopes'> &
          Pick<UserRow, 'status'> & { is_expired: boolean; is_news: boolean }
      >({ name: 'personal-token', text: FIND, values: [hashOf(secret)] })
      if (!row) throw new DarkroomError('unauthenticated', 'The token is not valid.')
      if (row.is_expired) throw new DarkroomError('token_expired', 'The token has expired; make another one.')
      if (isAway(row.status)) throw signInToReturn()
      if (row.status !== 'active') throw new DarkroomError('account_suspended', 'The account is suspended.')
      if (row.is_news) {
        await db.primary({
          text: `UPDATE personal_tokens SET last_used_at = now() WHERE token_id = $1`,
          values: [row.token_id],
        })
      }
      return { userId: row.user_id, tokenId: row.token_id, scopes: row.scopes }
    },
  }
}

/** 256 random bits need no slow hash. */
function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
