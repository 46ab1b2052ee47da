import { DarkroomError, type ErrorCode, type FieldError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'

/** A request that takes longer is considered dead; another with the same key takes its place. */
const LOCK_SECONDS = 60
/** How long a request may be repeated under its Idempotency-Key; housekeeping deletes older answers. */
export const IDEMPOTENCY_KEPT_HOURS = 24

/** The kept part of a first answer: its resource, to be shown again with current rights and URLs. */
export type KeptAnswer =
  | { status: number; resourceId: string }
  | { problem: { code: ErrorCode; message: string; fields: readonly FieldError[] } }

interface IdempotencyScope {
  userId: UserId
  /** Method and route pattern. */
  route: string
  key: string
  /** Digest of path parameters and body: using the key with another one is a mistake of the client. */
  fingerprint: Buffer
}

/** A first run that holds the key. */
export interface FirstRun {
  /** Keeps the answer in the transaction that creates the resource, so that a crash cannot cause two. */
  keep(tx: Transaction, answer: KeptAnswer): Promise<void>
  /** Keeps an answer without a transaction, unless one was already kept. */
  keepAfterwards(answer: KeptAnswer): Promise<void>
  /** Releases the key without keeping an answer. */
  release(): Promise<void>
}

export interface Idempotency {
  /**
   * Takes the key, or returns the answer that was kept under it.
   * @throws DarkroomError idempotency_mismatch, idempotency_in_progress
   */
  begin(scope: IdempotencyScope): Promise<{ first: FirstRun } | { kept: KeptAnswer }>
}

interface KeyRow {
  same: boolean
  response: KeptAnswer | null
}

export function createIdempotency({ db }: { db: Database }): Idempotency {
  return {
    async begin(scope) {
      const id = [scope.userId, scope.route, scope.key]
      // Taken if it is new, or its first run died, or it is older than we promise to remember.
      const [taken] = await db.primary<{ locked_until: Date }>({
        text: `INSERT INTO idempotency_keys AS k (user_id, route, key, fingerprint, locked_until)
               VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 second')
               ON CONFLICT (user_id, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,
                 locked_until = excluded.locked_until, status = NULL, response = NULL, created_at = now()
               WHERE k.created_at < now() - $6 * interval '1 hour'
                 OR (k.response IS NULL AND k.locked_until < clock_timestamp() AND k.fingerprint = excluded.fingerprint)
               RETURNING locked_until`,
        values: [...id, scope.fingerprint, LOCK_SECONDS, IDEMPOTENCY_KEPT_HOURS],
      })
      if (taken) return { first: firstRun(db, scope, taken.locked_until) }
      const [row] = await db.primary<KeyRow>({
        text: `SELECT fingerprint = $4 AS same, response FROM idempotency_keys
               WHERE user_id = $1 AND route = $2 AND key = $3`,
        values: [...id, scope.fingerprint],
      })
      if (row && !row.same) {
        throw new DarkroomError(
          'idempotency_mismatch',
          'This Idempotency-Key was used for another request.',
          {
            fields: [{ path: 'header.Idempotency-Key', message: 'Used with another body.' }],
          },
        )
      }
      if (row?.response) return { kept: row.response }
      throw new DarkroomError(
        'idempotency_in_progress',
        'The first request with this key is still running.',
        {
          retryAfterSeconds: 1,
        },
      )
    },
  }
}

function firstRun(db: Database, scope: IdempotencyScope, lockedUntil: Date): FirstRun {
  // locked_until is the fence: a run that was replaced after a minute can no longer change anything.
  const id = [scope.userId, scope.route, scope.key, lockedUntil]
  const mine = 'user_id = $1 AND route = $2 AND key = $3 AND locked_until = $4'
  const keeping = (answer: KeptAnswer) => ({
    text: `UPDATE idempotency_keys SET response = $5::jsonb, status = $6 WHERE ${mine} AND response IS NULL RETURNING 1`,
    values: [...id, JSON.stringify(answer), 'status' in answer ? answer.status : null],
  })
  return {
    async keep(tx, answer) {
      const kept = await tx.query(keeping(answer))
      if (kept.length === 0) {
        throw new DarkroomError('idempotency_in_progress', 'Another request with this key has taken over.')
      }
    },
    async keepAfterwards(answer) {
      await db.primary(keeping(answer))
    },
    async release() {
      await db.primary({
        text: `DELETE FROM idempotency_keys WHERE ${mine} AND response IS NULL`,
        values: id,
      })
    },
  }
}
