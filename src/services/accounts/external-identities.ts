import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { ExternalIdentity, type ExternalIdentityRow } from '../../entities/index.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { lockAccount } from './accounts.ts'
import type { Device } from './devices.ts'
import { NO_PASSWORD } from './passwords.ts'
import type { SecurityEvents } from './security-events.ts'

export type ShownIdentity = Omit<ExternalIdentityRow, 'user_id' | 'subject'>

/** Whom a provider vouches for: what it calls them, and itself. Nothing else of a token says who somebody is. */
interface Identity {
  issuer: string
  subject: string
}

export interface ExternalIdentities {
  /** The account that an identity signs in to, if any has it. */
  use(identity: Identity): Promise<UserId | undefined>
  /** Gives an account that is being created its identity. @throws DarkroomError identity_taken */
  addWithin(tx: Transaction, userId: UserId, identity: Identity): Promise<ShownIdentity>
  /**
   * Links an account, as long as the session that asked for it goes on. Once linked, it stays so.
   * @throws DarkroomError identity_taken, quota_exceeded, unauthenticated
   */
  link(by: { userId: UserId; sessionId: string }, identity: Identity, device: Device): Promise<ShownIdentity>
  /** The viewer's, latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownIdentity>>
  /** @throws DarkroomError not_found, last_way_in */
  unlink(userId: UserId, identityId: string, device: Device): Promise<void>
}

interface ExternalIdentitiesDeps {
  db: Database
  securityEvents: Pick<SecurityEvents, 'record'>
  /** Of the providers there are now: others let nobody in. */
  issuers: readonly string[]
}

const SHOWN = ['identity_id', 'issuer', 'created_at', 'last_used_at'] as const
const COLUMNS = SHOWN.join(', ')

// Plan: sessions_pkey, users_pkey.
const GOES_ON = `
  SELECT FROM sessions s JOIN users u USING (user_id)
  WHERE s.session_id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now() AND u.status = 'active'`

// Walks external_identities_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${COLUMNS} FROM external_identities
  WHERE user_id = $1 AND identity_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY identity_id DESC LIMIT $3`

// Plan: users_pkey, external_identities_user_idx. A passkey is no way in by itself unless it asks for a finger or a PIN.
const OTHER_WAYS_IN = `
  SELECT FROM users u WHERE u.user_id = $1 AND (u.password_hash <> $2
    OR EXISTS (SELECT FROM external_identities i WHERE i.user_id = $1 AND i.issuer = ANY ($3::text[])))`

export function createExternalIdentities(deps: ExternalIdentitiesDeps): ExternalIdentities {
  const { db, securityEvents, issuers } = deps

  async function addWithin({ query }: Transaction, userId: UserId, identity: Identity) {
    const [row] = await run(
      query,
      insertRow(ExternalIdentity, { identityId: uuidv7(), userId, ...identity }, ['lastUsedAt'])
        .onConflict((conflict) => conflict.doNothing())
        .returning(SHOWN),
    )
    if (!row) throw isTaken()
    return row
  }

  return {
    addWithin,

    async use({ issuer, subject }) {
      const [row] = await db.primary<{ user_id: UserId }>({
        name: 'external-identity-use',
        text: `UPDATE external_identities SET last_used_at = now() WHERE issuer = $1 AND subject = $2 RETURNING user_id`,
        values: [issuer, subject],
      })
      return row?.user_id
    },

    link: ({ userId, sessionId }, identity, device) =>
      db.transaction(async (tx) => {
        await lockAccount(tx, userId)
        const session = await tx.query({ text: GOES_ON, values: [sessionId, userId] })
        if (session.length === 0)
          throw new DarkroomError('unauthenticated', 'The session that began to link has ended.')
        const held = await identitiesOf(tx.query, userId)
        const same = held.find((one) => one.issuer === identity.issuer && one.subject === identity.subject)
        if (same) return same
        if (held.length >= MAX_ITEMS.identitiesPerUser)
          throw new DarkroomError(
            'quota_exceeded',
            'You have as many identities as there may be; unlink one.',
          )
        const row = await addWithin(tx, userId, identity)
        await securityEvents.record(tx.query, userId, 'identity_linked', device)
        return row
      }),

    async list(list) {
      const [identityId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownIdentity>({
        name: 'external-identities',
        text: LIST,
        values: [list.viewer.userId, identityId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.identity_id])
    },

    unlink: (userId, identityId, device) =>
      db.transaction(async (tx) => {
        // Two at once: the second sees what the first has left.
        await lockAccount(tx, userId)
        const removed = await tx.query({
          text: 'DELETE FROM external_identities WHERE identity_id = $1 AND user_id = $2 RETURNING 1',
          values: [identityId, userId],
        })
        if (removed.length === 0) throw notFound('identity')
        const others = await tx.query({ text: OTHER_WAYS_IN, values: [userId, NO_PASSWORD, issuers] })
        if (others.length === 0)
          throw new DarkroomError('last_way_in', 'Set a password or link another identity first.')
        await securityEvents.record(tx.query, userId, 'identity_unlinked', device)
      }),
  }
}

/** Plan: external_identities_user_idx; an account has at most MAX_ITEMS.identitiesPerUser. */
function identitiesOf(query: Query, userId: UserId) {
  return query<ShownIdentity & Identity>({
    text: `SELECT ${COLUMNS}, subject FROM external_identities WHERE user_id = $1`,
    values: [userId],
  })
}

const isTaken = () => new DarkroomError('identity_taken', 'Another account signs in by this identity.')
