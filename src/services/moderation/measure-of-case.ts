import { DarkroomError } from '../../domain/errors.ts'
import type { DecisionAction } from '../../domain/moderation.ts'
import type { ModerationCaseRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import type { CaseInHand } from './hold-case.ts'
import { liftAccountLimit, liftSuspension, limitAccount, suspendAccount } from './measures/account.ts'
import { restoreComment, takeDownComment } from './measures/comment.ts'
import { limitPhoto, restorePhoto, takeDownPhoto } from './measures.ts'

const SUBJECT = 'SELECT subject_type, subject_id FROM moderation_cases WHERE case_id = $1'
const LOCKS: Record<ModerationCaseRow['subject_type'], string> = {
  photo: 'SELECT FROM photos WHERE photo_id = $1 FOR NO KEY UPDATE',
  // The parent's row first, as everywhere.
  comment: `WITH parent AS MATERIALIZED (
      SELECT FROM comments WHERE comment_id = (SELECT parent_id FROM comments WHERE comment_id = $1) FOR NO KEY UPDATE)
    SELECT (SELECT count(*) FROM parent) FROM comments WHERE comment_id = $1 FOR NO KEY UPDATE`,
  user: 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE',
}

/** Locks what a case is about before the case itself, as reports do. */
export async function lockSubjectOf(tx: Transaction, caseId: string): Promise<void> {
  const [about] = await tx.query<Pick<ModerationCaseRow, 'subject_type' | 'subject_id'>>({
    text: SUBJECT,
    values: [caseId],
  })
  if (about) await tx.query({ text: LOCKS[about.subject_type], values: [about.subject_id] })
}

/** What is decided against somebody; `dismiss` and `restore` are not. */
type Measure = Exclude<DecisionAction, 'restore'>

/**
 * Takes a measure; a subject that was deleted meanwhile needs none.
 * @param until when a suspension ends by itself
 * @returns the outbox messages to dispatch after the commit
 */
export async function take(
  tx: Transaction,
  { subject_type: type, subject_id: id }: Pick<CaseInHand, 'subject_type' | 'subject_id'>,
  measure: Measure,
  until: Date | null,
): Promise<string[]> {
  if (measure === 'dismiss') return []
  return unlessGone(async () => {
    if (type === 'photo') return measure === 'limit' ? limitPhoto(tx, id) : takeDownPhoto(tx, id)
    if (type === 'comment') await takeDownComment(tx, id)
    else if (measure === 'suspend') return suspendAccount(tx, { userId: id, until })
    else await limitAccount(tx, id)
    return []
  })
}

/**
 * Takes back what the case's decisions did, which are marked as reversed. What another case has decided about the same subject stands.
 * @returns the outbox messages to dispatch after the commit
 */
export async function lift(
  tx: Transaction,
  held: CaseInHand,
  fanoutShardThreshold: number,
): Promise<string[]> {
  const { subject_type: type, subject_id: id } = held
  return unlessGone(async () => {
    if (type === 'user') {
      await liftAccountLimit(tx, id)
      return liftSuspension(tx, id)
    }
    const others = await standingOf(tx, held)
    if (others.includes('takedown')) return []
    if (type === 'comment') {
      await restoreComment(tx, id)
      return []
    }
    const restored = await restorePhoto(tx, id, fanoutShardThreshold)
    return others.includes('limit') ? [...restored, ...(await limitPhoto(tx, id))] : restored
  })
}

/** Plan: moderation_decisions_owner_idx. */
async function standingOf(tx: Transaction, held: CaseInHand): Promise<DecisionAction[]> {
  const rows = await tx.query<{ action: DecisionAction }>({
    text: `SELECT DISTINCT action FROM moderation_decisions
      WHERE owner_id = $1 AND subject_type = $2 AND subject_id = $3 AND reversed_at IS NULL`,
    values: [held.owner_id, held.subject_type, held.subject_id],
  })
  return rows.map((row) => row.action)
}

async function unlessGone(work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DarkroomError && error.code === 'not_found') return []
    throw error
  }
}
