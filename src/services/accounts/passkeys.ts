import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { Passkey, type PasskeyRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { lockAccount, type Account } from './accounts.ts'
import type { Device } from './devices.ts'
import { issueChallenge, takeChallenge } from './factor-challenges.ts'
import { forgetIfLastFactor } from './recovery-codes.ts'
import type { SecurityEvents } from './security-events.ts'
import { markSecondFactor } from './sessions.ts'
import {
  answeredChallenge,
  type AssertionOptions,
  type PasskeyRegistration,
  type RegistrationOptions,
  type WebAuthn,
} from './webauthn.ts'

export type ShownPasskey = Pick<
  PasskeyRow,
  'passkey_id' | 'name' | 'is_backed_up' | 'created_at' | 'last_used_at'
>

interface SignedInDevice {
  userId: UserId
  sessionId: string
}

export interface Passkeys {
  /** What `navigator.credentials.create` takes. */
  registrationOptions(account: Account, sessionId: string, device: Device): Promise<RegistrationOptions>
  /** @throws DarkroomError invalid for what does not answer a challenge of this session, quota_exceeded */
  register(
    viewer: SignedInDevice,
    registration: PasskeyRegistration,
    name: string | null,
    device: Device,
  ): Promise<ShownPasskey>
  /** The viewer's, the latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownPasskey>>
  /** @throws DarkroomError not_found */
  remove(userId: UserId, passkeyId: string, device: Device): Promise<void>
  /** What `navigator.credentials.get` takes, to answer this challenge with a passkey of the account. */
  assertionOptions(userId: UserId, challenge: string): Promise<AssertionOptions>
}

const SHOWN = ['passkey_id', 'name', 'is_backed_up', 'created_at', 'last_used_at'] as const

// Walks passkeys_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${SHOWN.join(', ')} FROM passkeys
  WHERE user_id = $1 AND passkey_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY passkey_id DESC LIMIT $3`

interface PasskeysDeps {
  db: Database
  webAuthn: WebAuthn
  securityEvents: Pick<SecurityEvents, 'record'>
}

export function createPasskeys({ db, webAuthn, securityEvents }: PasskeysDeps): Passkeys {
  return {
    async registrationOptions(account, sessionId, device) {
      const challenge = await issueChallenge(db.primary, {
        purpose: 'passkey_registration',
        userId: account.userId,
        sessionId,
        device,
      })
      return webAuthn.registrationOptions(account, challenge, await credentialsOf(db.primary, account.userId))
    },

    async register({ userId, sessionId }, registration, name, device) {
      const challenge = answeredChallenge(registration.response.clientDataJSON)
      const held =
        challenge !== undefined &&
        (await takeChallenge(db.primary, challenge, 'passkey_registration', device))
      if (!held || held.user_id !== userId || held.session_id !== sessionId)
        throw invalidField(
          'body.response.clientDataJSON',
          'Answers no challenge of this session; ask for one.',
        )
      const verified = await webAuthn.verifyRegistration(registration, challenge)
      if (!verified) throw invalidField('body.response', 'Not a passkey for this service.')
      return db.transaction(async (tx) => {
        await lockAccount(tx, userId)
        const held = await credentialsOf(tx.query, userId)
        if (held.length >= MAX_ITEMS.passkeysPerUser)
          throw new DarkroomError('quota_exceeded', 'You have as many passkeys as there may be; delete one.')
        const { signCount, ...passkey } = verified
        const [row] = await run(
          tx.query,
          insertRow(
            Passkey,
            { passkeyId: uuidv7(), userId, ...passkey, signCount: String(signCount), name },
            ['lastUsedAt'],
          )
            .onConflict((conflict) => conflict.doNothing())
            .returning(SHOWN),
        )
        if (!row) throw invalidField('body.id', 'Registered already.')
        await markSecondFactor(tx.query, sessionId)
        await securityEvents.record(tx.query, userId, 'factor_added', device)
        return row
      })
    },

    async list(list) {
      const [passkeyId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownPasskey>({
        name: 'passkeys',
        text: LIST,
        values: [list.viewer.userId, passkeyId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.passkey_id])
    },

    remove: (userId, passkeyId, device) =>
      db.transaction(async (tx) => {
        await lockAccount(tx, userId)
        const removed = await tx.query({
          text: 'DELETE FROM passkeys WHERE passkey_id = $1 AND user_id = $2 RETURNING 1',
          values: [passkeyId, userId],
        })
        if (removed.length === 0) throw notFound('passkey')
        await forgetIfLastFactor(tx.query, userId)
        await securityEvents.record(tx.query, userId, 'factor_removed', device)
      }),

    assertionOptions: async (userId, challenge) =>
      webAuthn.assertionOptions(challenge, await credentialsOf(db.primary, userId), 'preferred'),
  }
}

// Plan: passkeys_user_idx; an account has at most MAX_ITEMS.passkeysPerUser.
async function credentialsOf(query: Query, userId: UserId) {
  const rows = await query<Pick<PasskeyRow, 'credential_id' | 'transports'>>({
    name: 'passkeys-of-account',
    text: 'SELECT credential_id, transports FROM passkeys WHERE user_id = $1',
    values: [userId],
  })
  return rows.map((row) => ({ credentialId: row.credential_id, transports: row.transports }))
}
