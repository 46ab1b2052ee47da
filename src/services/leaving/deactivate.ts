import type { UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import { accountDeparted } from '../../observability/leaving-events.ts'
import type { Device } from '../accounts/devices.ts'
import type { SecurityEvents } from '../accounts/security-events.ts'
import type { Sessions } from '../accounts/sessions.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'

/**
 * Hides the account and all that is its own from everyone else, with the commit, and signs every device out. Signing in brings it back
 * as it was (accounts/come-back.ts). Idempotent.
 */
export type Deactivate = (userId: UserId, device: Device) => Promise<void>

export interface DeactivateDeps {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  sessions: Pick<Sessions, 'revokeAll'>
  securityEvents: Pick<SecurityEvents, 'record'>
}

// The trigger of `users` makes it a narrowing of all its photos. When a suspension ends, decisions say once it is back.
const LEAVE = `
  UPDATE users SET status = 'deactivated', suspended_until = NULL
  WHERE user_id = $1 AND status IN ('active', 'suspended') RETURNING 1`

export function createDeactivate({ db, outbox, sessions, securityEvents }: DeactivateDeps): Deactivate {
  return async (userId, device) => {
    const outboxIds = await db.transaction(async (tx) => {
      const left = await tx.query({ text: LEAVE, values: [userId] })
      if (left.length === 0) return []
      await sessions.revokeAll(tx, userId)
      await securityEvents.record(tx.query, userId, 'account_deactivated', device)
      return [await addToOutbox(tx, { kind: 'accountChanged', payload: { userId } })]
    })
    if (outboxIds.length > 0) accountDeparted('deactivated')
    await outbox.dispatch(outboxIds)
  }
}
