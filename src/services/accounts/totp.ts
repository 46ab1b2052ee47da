import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { invalidField, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { TotpSecret, type TotpSecretRow, type UserRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { lockAccount } from './accounts.ts'
import type { Device } from './devices.ts'
import { forgetIfLastFactor } from './recovery-codes.ts'
import type { SealedSecrets } from './sealed-secrets.ts'
import type { SecurityEvents } from './security-events.ts'
import { markSecondFactor } from './sessions.ts'

/** RFC 4226 recommends 160 bits; authenticator apps know no other settings for certain (SHA-1, 6 digits, 30 s). */
const SECRET_BYTES = 20
const STEP_SECONDS = 30
/** Steps to either side that a clock may be off. */
const WINDOW = 1

/** Authenticator apps: codes of half a minute (RFC 6238). */
export interface Totp {
  /** Makes a secret, which asks for nothing until a code of it is confirmed. It replaces one that waits. */
  enrol(userId: UserId): Promise<{ secret: string; url: string }>
  /** Replaces the app of before, if there is one. @throws DarkroomError not_found if nothing waits, invalid for a wrong code */
  confirm(viewer: { userId: UserId; sessionId: string }, code: string, device: Device): Promise<void>
  /** @throws DarkroomError not_found */
  remove(userId: UserId, device: Device): Promise<void>
  /** Takes a code of the account, once: of two at the same time, one. @returns whether it was right */
  use(query: Query, userId: UserId, code: string): Promise<boolean>
}

interface TotpDeps {
  db: Database
  secrets: SealedSecrets
  securityEvents: Pick<SecurityEvents, 'record'>
  /** What the app calls the service. */
  issuer: string
}

export function createTotp({ db, secrets, securityEvents, issuer }: TotpDeps): Totp {
  /** Undefined for a code that is wrong, too old or too early. */
  function stepOf(secret: Uint8Array, code: string): number | undefined {
    const totp = new TOTP({ secret: secretOf(secret), period: STEP_SECONDS })
    const timestamp = Date.now()
    const delta = totp.validate({ token: code, timestamp, window: WINDOW })
    return delta === null ? undefined : totp.counter({ timestamp }) + delta
  }

  return {
    async enrol(userId) {
      const secret = randomBytes(SECRET_BYTES)
      const sealed = secrets.seal(secret, userId)
      const [row] = await db.primary<Pick<UserRow, 'username'>>({
        text: `WITH enrolled AS (
                 INSERT INTO totp_secrets (user_id, is_confirmed, secret) VALUES ($1, false, $2)
                 ON CONFLICT (user_id, is_confirmed) DO UPDATE SET secret = excluded.secret, created_at = now())
               SELECT username FROM users WHERE user_id = $1`,
        values: [userId, sealed],
      })
      const totp = new TOTP({ issuer, label: row!.username, secret: secretOf(secret), period: STEP_SECONDS })
      return { secret: totp.secret.base32, url: totp.toString() }
    },

    confirm: ({ userId, sessionId }, code, device) =>
      db.transaction(async (tx) => {
        await lockAccount(tx, userId)
        const [waiting] = await tx.query<Pick<TotpSecretRow, 'secret'>>({ text: WAITING, values: [userId] })
        if (!waiting) throw notFound('enrolment')
        const step = stepOf(secrets.open(waiting.secret, userId), code)
        if (step === undefined) throw invalidField('body.code', 'Wrong.')
        await tx.query({ text: FORGET, values: [userId] })
        await run(
          tx.query,
          insertRow(TotpSecret, {
            userId,
            isConfirmed: true,
            secret: waiting.secret,
            lastStep: String(step),
          }),
        )
        await markSecondFactor(tx.query, sessionId)
        await securityEvents.record(tx.query, userId, 'factor_added', device)
      }),

    remove: (userId, device) =>
      db.transaction(async (tx) => {
        await lockAccount(tx, userId)
        const removed = await tx.query<Pick<TotpSecretRow, 'is_confirmed'>>({
          text: FORGET,
          values: [userId],
        })
        if (!removed.some((row) => row.is_confirmed)) throw notFound('authenticator app')
        await forgetIfLastFactor(tx.query, userId)
        await securityEvents.record(tx.query, userId, 'factor_removed', device)
      }),

    async use(query, userId, code) {
      const [row] = await query<Pick<TotpSecretRow, 'secret'>>({
        name: 'totp-secret',
        text: 'SELECT secret FROM totp_secrets WHERE user_id = $1 AND is_confirmed',
        values: [userId],
      })
      if (!row) return false
      const secret = secrets.open(row.secret, userId)
      const step = stepOf(secret, code)
      if (step === undefined) return false
      const sealed = secrets.isOutdated(row.secret) ? secrets.seal(secret, userId) : row.secret
      const taken = await query({ name: 'totp-use', text: USE, values: [userId, row.secret, step, sealed] })
      return taken.length > 0
    },
  }
}

/** The library takes the whole of a buffer. */
const secretOf = (bytes: Uint8Array) => new Secret({ buffer: new Uint8Array(bytes).buffer })

// Plan: totp_secrets_pkey. An enrolment that was begun an hour ago was given up, or is somebody else's.
const WAITING = `
  SELECT secret FROM totp_secrets
  WHERE user_id = $1 AND NOT is_confirmed AND created_at > now() - interval '1 hour'`

const FORGET = 'DELETE FROM totp_secrets WHERE user_id = $1 RETURNING is_confirmed'

// Two at once: the second waits for the row and finds its step taken.
const USE = `
  UPDATE totp_secrets SET last_step = $3, secret = $4
  WHERE user_id = $1 AND is_confirmed AND secret = $2 AND (last_step IS NULL OR last_step < $3) RETURNING 1`
