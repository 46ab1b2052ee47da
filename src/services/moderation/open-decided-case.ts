import type { UserId } from '../../domain/ids.ts'
import { CASE_PRIORITIES, type CASE_SOURCES } from '../../domain/moderation.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { openCase, oweCaseChange } from './open-case.ts'
import { textsNow } from './subjects.ts'

interface DecidedCase {
  userId: UserId
  source: (typeof CASE_SOURCES)[number]
  policyId: string
  appealableUntil: Date
}

// A case that people have not answered yet stays theirs; one that is decided can be appealed for as long as the newest decision.
const DECIDED = `
  UPDATE moderation_cases SET state = 'decided', due_at = greatest(due_at, $2), claimed_by = NULL, claimed_until = NULL
  WHERE case_id = $1 AND (state = 'decided' OR $3)`

/**
 * The case for a decision on an account that nobody reported it for: a new one, or the one that is not closed. The account is
 * locked before.
 * @returns its id, and the outbox message to dispatch after the commit
 */
export async function openDecidedCase(
  tx: Transaction,
  { userId, source, policyId, appealableUntil }: DecidedCase,
): Promise<{ caseId: string; outboxId: string }> {
  const subject = { type: 'user', id: userId } as const
  const texts = (await textsNow(tx.query, subject)) ?? {}
  const { case_id: caseId, isNew } = await openCase(tx, subject, {
    ownerId: userId,
    evidence: { texts },
    source,
    priority: CASE_PRIORITIES.indexOf('low'),
    policyId,
  })
  await tx.query({ text: DECIDED, values: [caseId, appealableUntil, isNew] })
  return { caseId, outboxId: await oweCaseChange(tx, caseId, subject, userId) }
}
