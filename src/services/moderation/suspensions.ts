import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { APPEAL_WINDOW_MS, isAtLeast, STRIKE_MS } from '../../domain/moderation.ts'
import { ModerationDecision, type ModerationDecisionRow, type UserRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { follows } from '../../infra/db/rules.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { writeAudit } from './audit-log.ts'
import { liftSuspension, oweStandingReview, suspendAccount } from './measures/account.ts'
import { oweCaseChange } from './open-case.ts'
import { openDecidedCase } from './open-decided-case.ts'
import { policyInForce } from './policies.ts'
import type { StaffMember } from './staff.ts'

interface NewSuspension {
  policy: string
  reason: string
  /** When it ends by itself; null if it does not. */
  until: Date | null
}

/** A decision with the name of whoever took it. */
type ShownDecision = ModerationDecisionRow & { decided_by_name: string | null }

/** Suspensions that somebody of the staff decides on without a report: seniors, and admins. */
export interface Suspensions {
  /**
   * Suspends an account instead of what people decided on it before; the same again changes nothing. One that is away is suspended when
   * it comes back.
   * @throws DarkroomError not_found, own_case, forbidden for staff that is not below one, invalid for an unknown policy
   */
  put(staff: StaffMember, username: string, suspension: NewSuspension): Promise<ShownDecision>
  /**
   * Ends all suspensions of an account, those that its strikes brought too. Idempotent.
   * @throws DarkroomError not_found, own_case, forbidden, invalid
   */
  lift(staff: StaffMember, username: string, why: Omit<NewSuspension, 'until'>): Promise<void>
}

// Plan: users_username_key and one probe of follows_pkey. Whoever decides on an account locks it before its case.
const HOLD = `
  SELECT u.user_id, u.role, ${follows('$2::bigint', 'u.user_id')} AS followed FROM users u
  WHERE lower(u.username) = lower($1) FOR NO KEY UPDATE OF u`

/** Locks the account. @throws DarkroomError not_found, own_case, forbidden */
async function holdSubordinate(tx: Transaction, staff: StaffMember, username: string): Promise<UserId> {
  const [row] = await tx.query<Pick<UserRow, 'user_id' | 'role'> & { followed: boolean }>({
    text: HOLD,
    values: [username, staff.userId],
  })
  if (!row) throw notFound('user')
  if (row.user_id === staff.userId || row.followed)
    throw new DarkroomError('own_case', 'It is you, or an account that you follow.')
  if (row.role !== 'user' && isAtLeast(row.role, staff.role))
    throw new DarkroomError('forbidden', 'Only staff of a higher role suspends staff.')
  return row.user_id
}

// Plan: the account's decisions, by moderation_decisions_owner_idx.
const STANDING = `
  SELECT d.*, u.username AS decided_by_name FROM moderation_decisions d LEFT JOIN users u ON u.user_id = d.decided_by
  WHERE d.owner_id = $1 AND d.subject_type = 'user' AND d.action = 'suspend' AND d.reversed_at IS NULL
    AND (d.until IS NULL OR d.until > now()) ORDER BY d.created_at DESC`
const REVERSE = `
  UPDATE moderation_decisions SET reversed_at = now(), strike_until = NULL WHERE decision_id = ANY ($1::uuid[])`
// What was taken back cannot be appealed. One that people have not answered stays theirs.
const CLOSE = `
  UPDATE moderation_cases SET state = 'closed', closed_at = now(), claimed_by = NULL, claimed_until = NULL
  WHERE case_id = $1 AND state = 'decided'`

const isSame = (one: ModerationDecisionRow, { policy, reason, until }: NewSuspension) =>
  one.policy_id === policy && one.reason === reason && one.until?.getTime() === until?.getTime()

export function createSuspensions({
  db,
  outbox,
}: {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
}): Suspensions {
  return {
    async put(staff, username, suspension) {
      const { decision, outboxIds } = await db.transaction(async (tx) => {
        const userId = await holdSubordinate(tx, staff, username)
        const policy = await policyInForce(tx.query, suspension.policy, 'body.policy')
        const standing = await tx.query<ShownDecision>({ text: STANDING, values: [userId] })
        const before = standing.filter(({ decided_as: as }) => as !== 'classifier')
        if (before.length === 1 && isSame(before[0]!, suspension))
          return { decision: before[0]!, outboxIds: [] }
        await tx.query({ text: REVERSE, values: [before.map((row) => row.decision_id)] })
        const now = Date.now()
        const opened = await openDecidedCase(tx, {
          userId,
          source: 'staff',
          policyId: policy.policy_id,
          appealableUntil: new Date(now + APPEAL_WINDOW_MS),
        })
        const decision = await record(tx, staff, {
          caseId: opened.caseId,
          userId,
          action: 'suspend',
          policyId: policy.policy_id,
          policyVersion: policy.version,
          reason: suspension.reason,
          until: suspension.until,
          strikeUntil: policy.is_strike ? new Date(now + STRIKE_MS) : null,
        })
        // Lifted first, so that the new one may be shorter.
        const lifted = before.length > 0 ? await liftSuspension(tx, userId) : []
        const suspended = await suspendAccount(tx, { userId, until: suspension.until })
        await writeAudit(tx, {
          actor: staff,
          action: 'account.suspended',
          subject: `user/${userId}`,
          details: { caseId: opened.caseId, policy: policy.policy_id, until: suspension.until },
        })
        return { decision, outboxIds: [opened.outboxId, ...lifted, ...suspended] }
      })
      await outbox.dispatch(outboxIds)
      return decision
    },

    async lift(staff, username, { policy: policyId, reason }) {
      const outboxIds = await db.transaction(async (tx) => {
        const userId = await holdSubordinate(tx, staff, username)
        const policy = await policyInForce(tx.query, policyId, 'body.policy')
        const standing = await tx.query<ShownDecision>({ text: STANDING, values: [userId] })
        const latest = standing[0]
        if (!latest) return liftSuspension(tx, userId)
        await tx.query({ text: REVERSE, values: [standing.map((row) => row.decision_id)] })
        await record(tx, staff, {
          caseId: latest.case_id,
          userId,
          action: 'restore',
          policyId: policy.policy_id,
          policyVersion: policy.version,
          reason,
          until: null,
          strikeUntil: null,
        })
        const lifted = await liftSuspension(tx, userId)
        const outboxIds: string[] = [await oweStandingReview(tx, userId)]
        for (const caseId of new Set(standing.map((row) => row.case_id))) {
          await tx.query({ text: CLOSE, values: [caseId] })
          outboxIds.push(await oweCaseChange(tx, caseId, { type: 'user', id: userId }, userId))
        }
        await writeAudit(tx, { actor: staff, action: 'account.restored', subject: `user/${userId}` })
        return [...lifted, ...outboxIds]
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

interface Recorded {
  caseId: string
  userId: UserId
  action: 'suspend' | 'restore'
  policyId: string
  policyVersion: number
  reason: string
  until: Date | null
  strikeUntil: Date | null
}

async function record(
  tx: Transaction,
  staff: StaffMember,
  { userId, ...decision }: Recorded,
): Promise<ShownDecision> {
  const [row] = await run(
    tx.query,
    insertRow(
      ModerationDecision,
      {
        decisionId: uuidv7(),
        subjectType: 'user',
        subjectId: userId,
        ownerId: userId,
        decidedBy: staff.userId,
        decidedAs: staff.role,
        ...decision,
      },
      ['reversedAt', 'toldAt', 'retractedAt'],
    ).returningAll(),
  )
  const [by] = await tx.query<Pick<UserRow, 'username'>>({
    text: 'SELECT username FROM users WHERE user_id = $1',
    values: [staff.userId],
  })
  return { ...row!, decided_by_name: by!.username }
}
