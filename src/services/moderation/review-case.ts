import type { CaseProgress } from '../../contracts/moderation-case.ts'
import { CASE_PRIORITIES, DAY_MS, SLA_MS } from '../../domain/moderation.ts'
import type { ModerationCaseRow, ModerationDecisionRow } from '../../entities/index.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { caseEscalated, caseOverdue } from '../../observability/case-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { writeAudit } from './audit-log.ts'
import { VERDICT_OF } from './persons-verdict.ts'
import { tellOfDecisions } from './tell-of-decisions.ts'

/** What moderationCase does of a case. Each may run twice. */
export interface CaseReviews {
  /** Does what time has made due: escalates, lets an unused claim go, closes; and tells people of what was decided. */
  review(caseId: string): Promise<CaseProgress>
  /** Records what every edge has proven to refuse. @throws Error while anything is left */
  prove(caseId: string): Promise<void>
}

type Standing = Pick<
  ModerationCaseRow,
  'state' | 'priority' | 'due_at' | 'claimed_until' | 'source' | 'subject_id'
> & { now: Date }

// clock_timestamp(), as the transaction may have waited for the lock.
const HOLD = `
  SELECT state, priority, due_at, claimed_until, source, subject_id, clock_timestamp() AS now
  FROM moderation_cases WHERE case_id = $1 FOR NO KEY UPDATE`

export function createCaseReviews({ db, logger }: { db: Database; logger: Logger }): CaseReviews {
  return {
    async review(caseId) {
      const events: (() => void)[] = []
      const progress = await db.transaction(async (tx): Promise<CaseProgress> => {
        const [found] = await tx.query<Standing>({ text: HOLD, values: [caseId] })
        if (!found) return { state: 'gone', unproven: 0 }
        let standing = await releaseUnusedClaim(tx, caseId, found)
        if (standing.due_at <= standing.now && standing.state !== 'closed') {
          const { state, priority } = standing
          if (state === 'decided') standing = await closeUnappealed(tx, caseId, standing)
          else if (priority === 0) events.push(() => caseOverdue(logger, caseId, state))
          else {
            standing = await escalate(tx, caseId, standing)
            const raisedTo = CASE_PRIORITIES[standing.priority]!
            events.push(() => caseEscalated(logger, { caseId, state, priority: raisedTo }))
          }
        }
        await tellOfDecisions(tx, caseId)
        const unproven = (await unprovenOf(tx.query, caseId)).length
        const verdict =
          found.source === 'screening' ? await verdictAwaited(tx.query, caseId, found) : undefined
        const nextAt = nextMoment(standing)?.toISOString()
        return { state: standing.state, nextAt, unproven, ...(verdict && { verdict }) }
      })
      for (const report of events) report()
      return progress
    },

    async prove(caseId) {
      const proven = await db.primary({ text: PROVE, values: [caseId] })
      const left = await unprovenOf(db.primary, caseId)
      if (left.length > 0) throw new Error(`${left.length} withdrawals are not yet refused at every edge`)
      if (proven.length > 0)
        logger.info({ caseId, withdrawals: proven.length }, 'withdrawals of a case are proven')
    },
  }
}

async function releaseUnusedClaim(tx: Transaction, caseId: string, standing: Standing): Promise<Standing> {
  if (standing.claimed_until === null || standing.claimed_until > standing.now) return standing
  await tx.query({
    text: 'UPDATE moderation_cases SET claimed_by = NULL, claimed_until = NULL WHERE case_id = $1',
    values: [caseId],
  })
  await writeAudit(tx, { actor: SYSTEM, action: 'case.claim_expired', subject: `case/${caseId}` })
  return { ...standing, claimed_until: null }
}

/** One place up; nobody has looked at an appeal for too long: to the very top, as it is neither granted nor rejected by itself. */
async function escalate(tx: Transaction, caseId: string, standing: Standing): Promise<Standing> {
  const priority = standing.state === 'appealed' ? 0 : standing.priority - 1
  const due_at = new Date(standing.now.getTime() + SLA_MS[priority]!)
  await tx.query({
    text: 'UPDATE moderation_cases SET priority = $2, due_at = $3 WHERE case_id = $1',
    values: [caseId, priority, due_at],
  })
  await writeAudit(tx, {
    actor: SYSTEM,
    action: 'case.escalated',
    subject: `case/${caseId}`,
    details: { priority: CASE_PRIORITIES[priority] },
  })
  return { ...standing, priority, due_at }
}

/** The time to appeal is over; the measure stands. */
async function closeUnappealed(tx: Transaction, caseId: string, standing: Standing): Promise<Standing> {
  await tx.query({
    text: `UPDATE moderation_cases SET state = 'closed', closed_at = now() WHERE case_id = $1`,
    values: [caseId],
  })
  await writeAudit(tx, { actor: SYSTEM, action: 'case.closed', subject: `case/${caseId}` })
  return { ...standing, state: 'closed' }
}

const SYSTEM = { role: 'system' } as const

/** An urgent case that is overdue keeps its date, and so its place before all others; it is told of once a day. */
function nextMoment({ state, due_at: dueAt, claimed_until: claimedUntil, now }: Standing): Date | undefined {
  if (state === 'closed') return undefined
  const due = dueAt <= now ? new Date(now.getTime() + DAY_MS) : dueAt
  return claimedUntil && claimedUntil < due ? claimedUntil : due
}

// A withdrawal writes its row of `retractions` in its own transaction, and the proof deletes it (ADR 20).
const WITHDRAWALS = `d.case_id = $1 AND d.action IN ('takedown', 'suspend') AND d.retracted_at IS NULL`
const OWED = `EXISTS (SELECT FROM retractions r
  WHERE r.subject = CASE d.subject_type WHEN 'user' THEN 'account/' ELSE 'photo/' END || d.subject_id)`

// Plan: moderation_decisions_case_idx, and a probe of retractions_pkey each.
const PROVE = `
  UPDATE moderation_decisions d SET retracted_at = now() WHERE ${WITHDRAWALS} AND NOT ${OWED} RETURNING 1`

function unprovenOf(query: Query, caseId: string) {
  return query<Pick<ModerationDecisionRow, 'decision_id'>>({
    text: `SELECT d.decision_id FROM moderation_decisions d WHERE ${WITHDRAWALS}`,
    values: [caseId],
  })
}

/** What a person decided last about a photo that waits for its verdict. Plan: photos_pkey, moderation_decisions_case_idx. */
async function verdictAwaited(query: Query, caseId: string, { subject_id: photoId }: Standing) {
  const [last] = await query<Pick<ModerationDecisionRow, 'action'>>({
    text: `SELECT d.action FROM photos p, moderation_decisions d
      WHERE p.photo_id = $2 AND p.status = 'processing' AND p.published_at IS NULL
        AND d.case_id = $1 AND d.decided_as <> 'classifier'
      ORDER BY d.created_at DESC LIMIT 1`,
    values: [caseId, photoId],
  })
  return last && VERDICT_OF[last.action]
}
