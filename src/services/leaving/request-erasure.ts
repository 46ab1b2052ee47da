import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { sql } from 'kysely'
import { signInToReturn } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { AccountErasure, type UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { accountDeparted } from '../../observability/leaving-events.ts'
import type { Device } from '../accounts/devices.ts'
import type { ReservedNames } from '../accounts/reserved-names.ts'
import type { SecurityEvents } from '../accounts/security-events.ts'
import type { Sessions } from '../accounts/sessions.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'

interface RequestedErasure {
  erasureId: string
  startsAt: Date
  /** What reads the receipt; shown this once. */
  secret: string
}

/**
 * Hides the account as a deactivation does, and has it erased after the days of grace unless it signs in before.
 * @throws DarkroomError unauthenticated if it is away by now
 */
export type RequestErasure = (userId: UserId, device: Device) => Promise<RequestedErasure>

export interface RequestErasureDeps {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  sessions: Pick<Sessions, 'revokeAll'>
  securityEvents: Pick<SecurityEvents, 'record'>
  reservedNames: Pick<ReservedNames, 'digest'>
  graceDays: number
}

const SECRET_BYTES = 32

// The trigger of `users` makes it a narrowing of all its photos.
const LEAVE = `
  UPDATE users SET status = 'erasing', suspended_until = NULL
  WHERE user_id = $1 AND status IN ('active', 'suspended') RETURNING username`

/** 256 random bits need no slow hash. */
export const hashOfSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

export function createRequestErasure(deps: RequestErasureDeps): RequestErasure {
  const { db, outbox, sessions, securityEvents, reservedNames, graceDays } = deps
  return async (userId, device) => {
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const erasureId = uuidv7()
    const { startsAt, outboxIds } = await db.transaction(async (tx) => {
      const [left] = await tx.query<Pick<UserRow, 'username'>>({ text: LEAVE, values: [userId] })
      if (!left) throw signInToReturn()
      await sessions.revokeAll(tx, userId)
      await securityEvents.record(tx.query, userId, 'erasure_requested', device)
      const [erasure] = await run(
        tx.query,
        insertRow(
          AccountErasure,
          {
            erasureId,
            userId,
            secretHash: hashOfSecret(secret),
            nameHash: reservedNames.digest(left.username),
            startsAt: sql<Date>`now() + ${graceDays} * interval '1 day'`,
          },
          ['startedAt', 'completedAt', 'keptUntil'],
        ).returning('starts_at'),
      )
      const outboxIds = [
        await addToOutbox(tx, { kind: 'accountChanged', payload: { userId } }),
        await addToOutbox(tx, { kind: 'erasureChanged', payload: { userId } }),
      ]
      return { startsAt: erasure!.starts_at, outboxIds }
    })
    accountDeparted('erasure_requested')
    await outbox.dispatch(outboxIds)
    return { erasureId, startsAt, secret }
  }
}
