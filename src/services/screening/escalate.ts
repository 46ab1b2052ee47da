import type { ModerationMode } from '../../contracts/photo-moderation.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { screeningEscalated } from '../../observability/screening-events.ts'
import type { Logger } from '../../observability/logger.ts'

/** Tells people of photos that no verdict can be had for. */
export interface Escalations {
  escalate(photoId: PhotoId, mode: ModerationMode): Promise<void>
}

export function createEscalations({ logger }: { logger: Logger }): Escalations {
  return {
    async escalate(photoId, mode) {
      screeningEscalated(logger, photoId, mode)
    },
  }
}
