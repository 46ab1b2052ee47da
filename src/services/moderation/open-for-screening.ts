import type { PhotoId } from '../../domain/ids.ts'
import { CASE_PRIORITIES, type CasePriority } from '../../domain/moderation.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { writeAudit } from './audit-log.ts'
import { openCase, oweCaseChange } from './open-case.ts'
import { textsNow } from './subjects.ts'

/**
 * Brings a photo before people that automatic moderation has no verdict on. One that is before them already stays as it is.
 * @returns the outbox messages to dispatch after the commit
 */
export async function openForScreening(
  tx: Transaction,
  photoId: PhotoId,
  priority: CasePriority,
): Promise<string[]> {
  const [photo] = await tx.query<Pick<PhotoRow, 'owner_id'>>({
    text: `SELECT owner_id FROM photos WHERE photo_id = $1 AND status NOT IN ('failed', 'deleted') FOR SHARE`,
    values: [photoId],
  })
  if (!photo) return []
  const subject = { type: 'photo', id: photoId } as const
  const { case_id: caseId, isNew } = await openCase(tx, subject, {
    ownerId: photo.owner_id,
    evidence: { texts: (await textsNow(tx.query, subject)) ?? {} },
    source: 'screening',
    priority: CASE_PRIORITIES.indexOf(priority),
    policyId: 'other',
  })
  if (!isNew) return []
  const outboxId = await oweCaseChange(tx, caseId, subject, photo.owner_id)
  await writeAudit(tx, { actor: { role: 'system' }, action: 'case.opened', subject: `case/${caseId}` })
  return [outboxId]
}
