import { v7 as uuidv7 } from 'uuid'
import { SLA_MS, type CASE_SOURCES, type ModerationSubject } from '../../domain/moderation.ts'
import { ModerationCase, type ModerationCaseRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { addToOutbox } from '../delivery/outbox.ts'
import type { FoundSubject } from './subjects.ts'

interface NewCase extends FoundSubject {
  source: (typeof CASE_SOURCES)[number]
  /** A place in CASE_PRIORITIES. */
  priority: number
  /** The policy that seems to be broken. */
  policyId: string
}

/** The subject's case that is not closed, locked. */
export type HeldCase = Pick<ModerationCaseRow, 'case_id' | 'state' | 'priority' | 'weight'> & {
  isNew: boolean
}

const LOCK = `
  SELECT case_id, state, priority, weight FROM moderation_cases
  WHERE subject_type = $1 AND subject_id = $2 AND state <> 'closed' FOR UPDATE`

/**
 * Locks the subject's case that is not closed, and opens one if there is none. Whoever locks the subject does so before.
 * Tell the case's workflow of a new one (`oweCaseChange`).
 */
export async function openCase(
  tx: Transaction,
  { type, id }: ModerationSubject,
  { ownerId, evidence, ...about }: NewCase,
): Promise<HeldCase> {
  for (;;) {
    const row = {
      caseId: uuidv7(),
      subjectType: type,
      subjectId: id,
      ownerId,
      ...about,
      evidence: JSON.stringify(evidence) as never,
      dueAt: new Date(Date.now() + SLA_MS[about.priority]!),
    }
    const [opened] = await run(
      tx.query,
      insertRow(ModerationCase, row, ['claimedBy', 'claimedUntil', 'closedAt'])
        .onConflict((conflict) => conflict.doNothing())
        .returning(['case_id', 'state', 'priority', 'weight']),
    )
    if (opened) return { ...opened, isNew: true }
    const [held] = await tx.query<Omit<HeldCase, 'isNew'>>({ text: LOCK, values: [type, id] })
    // None if it was closed in between: then there is room for a new one.
    if (held) return { ...held, isNew: false }
  }
}

/**
 * Owes the case's workflow a signal that something has changed.
 * @returns the outbox message to dispatch after the commit
 */
export function oweCaseChange(
  tx: Transaction,
  caseId: string,
  { type, id }: ModerationSubject,
  ownerId: string,
): Promise<string> {
  const photoId = type === 'photo' ? { photoId: id } : {}
  return addToOutbox(tx, { kind: 'caseChanged', payload: { caseId, ownerId, ...photoId } })
}
