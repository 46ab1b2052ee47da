import type { Database } from '../../../src/infra/db/database.ts'
import type { Outbox } from '../../../src/services/delivery/outbox.ts'

/** An outbox that delivers nothing and keeps nothing, so that no relay delivers it later. */
export function forgetful(db: Database): Outbox {
  return {
    async dispatch(outboxIds) {
      await db.primary({
        name: 'forget-outbox',
        text: 'DELETE FROM outbox WHERE outbox_id = ANY ($1::bigint[])',
        values: [outboxIds],
      })
    },
    hint: async () => undefined,
    settled: async () => undefined,
    runRelay: () => Promise.reject(new Error('there is nothing to relay')),
  }
}
