import { v7 as uuidv7 } from 'uuid'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import { APPEAL_WINDOW_MS, CASE_PRIORITIES, type DecisionAction } from '../../domain/moderation.ts'
import type { Verdict, VerdictSource } from '../../domain/screening.ts'
import {
  ModerationDecision,
  type ModerationDecisionRow,
  type ModerationPolicyRow,
  type PhotoRow,
} from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { writeAudit } from './audit-log.ts'
import { openCase, oweCaseChange } from './open-case.ts'
import { textsNow } from './subjects.ts'
import { takeBack } from './take-back.ts'

/** What automatic moderation did to a photo, and on what ground. */
interface AutomaticMeasure {
  verdict: Exclude<Verdict, 'allow'>
  source: Exclude<VerdictSource, 'person'>
  /** Of a list or rule, which may be the id of a policy. */
  reason: string | null
}

const ACTION_OF = { limit: 'limit', quarantine: 'takedown' } as const satisfies Record<string, DecisionAction>

/** What the owner is told. Neither scores nor rules are named, which would show how to get around them. */
const REASON_OF = {
  scores: 'The picture was taken for nudity by a classifier.',
  block_list: 'The picture is the same as one that is on a list, or looks like it.',
  text: 'The text of the photo breaks a rule.',
} as const

// Plan: moderation_decisions_owner_idx.
const STANDING = `
  SELECT FROM moderation_decisions
  WHERE owner_id = $1 AND subject_type = 'photo' AND subject_id = $2 AND action = $3 AND reversed_at IS NULL LIMIT 1`

// The reason of a list or rule if it is the id of a policy. Plan: moderation_policies_pkey, backwards.
const POLICY = `
  SELECT policy_id, version FROM moderation_policies WHERE policy_id = ANY ($1::text[])
  ORDER BY array_position($1::text[], policy_id::text), version DESC LIMIT 1`

// One that people are looking at stays open for them.
const DECIDED = `
  UPDATE moderation_cases SET state = CASE WHEN $2 THEN 'decided' ELSE state END,
    due_at = CASE WHEN $2 OR state = 'decided' THEN now() + ${APPEAL_WINDOW_MS} * interval '1 millisecond' ELSE due_at END
  WHERE case_id = $1`

/**
 * Makes a decision of what automatic moderation did, so that the owner reads the reasons and may appeal. It is no strike. The
 * photo is locked.
 * @returns the outbox messages to dispatch after the commit; none if such a decision stands
 */
export async function recordAutomaticDecision(
  tx: Transaction,
  photoId: PhotoId,
  { verdict, source, reason }: AutomaticMeasure,
): Promise<string[]> {
  const [photo] = await tx.query<Pick<PhotoRow, 'owner_id'>>({
    text: 'SELECT owner_id FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  const ownerId: UserId = photo!.owner_id
  const action = ACTION_OF[verdict]
  if ((await tx.query({ text: STANDING, values: [ownerId, photoId, action] })).length > 0) return []
  const candidates = source === 'scores' ? ['nudity', 'other'] : [reason ?? 'other', 'other']
  const [policy] = await tx.query<Pick<ModerationPolicyRow, 'policy_id' | 'version'>>({
    text: POLICY,
    values: [candidates],
  })
  const subject = { type: 'photo', id: photoId } as const
  const { case_id: caseId, isNew } = await openCase(tx, subject, {
    ownerId,
    evidence: { texts: (await textsNow(tx.query, subject)) ?? {} },
    source: 'screening',
    priority: CASE_PRIORITIES.indexOf('low'),
    policyId: policy!.policy_id,
  })
  const decisionId = uuidv7()
  await run(
    tx.query,
    insertRow(
      ModerationDecision,
      {
        decisionId,
        caseId,
        subjectType: 'photo',
        subjectId: photoId,
        ownerId,
        action,
        policyId: policy!.policy_id,
        policyVersion: policy!.version,
        reason: REASON_OF[source],
        decidedBy: null,
        decidedAs: 'classifier',
      },
      ['until', 'strikeUntil', 'reversedAt', 'toldAt', 'retractedAt'],
    ),
  )
  await tx.query({ text: DECIDED, values: [caseId, isNew] })
  const outboxId = await oweCaseChange(tx, caseId, subject, ownerId)
  await writeAudit(tx, {
    actor: { role: 'system' },
    action: `decision.${action}`,
    subject: `case/${caseId}`,
    details: { decision: decisionId, ...subject, policy: policy!.policy_id, version: policy!.version },
  })
  return [outboxId]
}

// Plan: moderation_decisions_owner_idx.
const OVERTAKEN = `
  SELECT decision_id, case_id FROM moderation_decisions
  WHERE owner_id = $1 AND subject_type = 'photo' AND subject_id = $2 AND decided_as = 'classifier' AND reversed_at IS NULL
    AND action = ANY ($3::text[]) ORDER BY created_at`

const NO_LONGER = 'Looked at again, the photo gives no reason for it.'

/**
 * Reverses what automatic moderation decided about a photo and a milder verdict no longer asks for; its measures are taken back
 * beside this. The photo is locked.
 * @returns the outbox messages to dispatch after the commit
 */
export async function liftAutomaticDecisions(
  tx: Transaction,
  photo: { photoId: PhotoId; ownerId: UserId },
  verdict: Exclude<Verdict, 'quarantine'>,
): Promise<string[]> {
  const { photoId, ownerId } = photo
  const actions: DecisionAction[] = verdict === 'allow' ? ['limit', 'takedown'] : ['takedown']
  const decisions = await tx.query<Pick<ModerationDecisionRow, 'decision_id' | 'case_id'>>({
    text: OVERTAKEN,
    values: [ownerId, photoId, actions],
  })
  const subject = { type: 'photo', id: photoId } as const
  const { caseIds, outboxIds } = await takeBack(tx, { subject, ownerId, decisions, reason: NO_LONGER })
  for (const caseId of caseIds)
    await writeAudit(tx, {
      actor: { role: 'system' },
      action: 'decision.restore',
      subject: `case/${caseId}`,
      details: { ...subject },
    })
  return outboxIds
}
