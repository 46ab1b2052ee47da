import type { ModerationMode } from '../../contracts/photo-moderation.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { screeningEscalated } from '../../observability/screening-events.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { openForScreening } from '../moderation/open-for-screening.ts'

/** Brings photos before people that no verdict can be had for. May run twice. */
export interface Escalations {
  escalate(photoId: PhotoId, mode: ModerationMode): Promise<void>
}

export function createEscalations({
  db,
  outbox,
  logger,
}: {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  logger: Logger
}): Escalations {
  return {
    async escalate(photoId, mode) {
      // One that waits for its verdict comes before one that is shown already.
      const priority = mode === 'pre' ? 'normal' : 'low'
      const outboxIds = await db.transaction((tx) => openForScreening(tx, photoId, priority))
      screeningEscalated(logger, photoId, mode)
      await outbox.dispatch(outboxIds)
    },
  }
}
