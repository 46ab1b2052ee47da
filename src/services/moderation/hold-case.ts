import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { ModerationCaseRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { follows } from '../../infra/db/rules.ts'
import type { StaffMember } from './staff.ts'

/** A case that is locked for somebody who may decide it. */
export type CaseInHand = Pick<
  ModerationCaseRow,
  'case_id' | 'subject_type' | 'subject_id' | 'owner_id' | 'state' | 'policy_id'
>

// Plan: one probe of follows_pkey, reports_case_id_reporter_id_key and moderation_decisions_case_idx. Whoever took the
// measure does not answer the appeal against it.
const STANDING = `
  SELECT c.case_id, c.subject_type, c.subject_id, c.owner_id, c.state, c.policy_id,
    (c.claimed_by <> $2::bigint AND c.claimed_until > now()) IS TRUE AS is_taken,
    c.owner_id = $2::bigint OR ${follows('$2::bigint', 'c.owner_id')}
      OR EXISTS (SELECT FROM reports r WHERE r.case_id = c.case_id AND r.reporter_id = $2::bigint) AS is_own,
    c.state = 'appealed' AND EXISTS (SELECT FROM moderation_decisions d
      WHERE d.case_id = c.case_id AND d.decided_by = $2::bigint AND d.reversed_at IS NULL) AS is_own_decision
  FROM moderation_cases c WHERE c.case_id = $1`

/** @throws DarkroomError own_case for what the moderator is answerable for */
export function assertNotAbout(
  { userId }: StaffMember,
  { owner_id: ownerId }: Pick<CaseInHand, 'owner_id'>,
): void {
  if (ownerId === userId) throw new DarkroomError('own_case', 'It is about you.')
}

/**
 * Locks the case for somebody who may decide it. Whoever goes on to change the photo that it is about has locked that before, as
 * reports do.
 * @throws DarkroomError not_found, own_case, case_claimed
 */
export async function holdCase(
  tx: Transaction,
  { userId }: StaffMember,
  caseId: string,
): Promise<CaseInHand> {
  await tx.query({ text: 'SELECT FROM moderation_cases WHERE case_id = $1 FOR UPDATE', values: [caseId] })
  const [row] = await tx.query<CaseInHand & Record<'is_taken' | 'is_own' | 'is_own_decision', boolean>>({
    text: STANDING,
    values: [caseId, userId],
  })
  if (!row) throw notFound('case')
  const { is_taken: isTaken, is_own: isOwn, is_own_decision: isOwnDecision, ...held } = row
  if (isOwn)
    throw new DarkroomError(
      'own_case',
      'It is about you or an account that you follow, or you have reported it.',
    )
  if (isOwnDecision) throw new DarkroomError('own_case', 'Somebody else answers the appeal.')
  if (isTaken) throw new DarkroomError('case_claimed', 'Another moderator has claimed this case.')
  return held
}
