import { v7 as uuidv7 } from 'uuid'
import type { UserId } from '../../domain/ids.ts'
import { APPEAL_WINDOW_MS } from '../../domain/moderation.ts'
import {
  latestOf,
  measuresOf,
  type Strike,
  type StrikeMeasure,
  type StrikeThresholds,
} from '../../domain/strikes.ts'
import { ModerationDecision, type ModerationDecisionRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { writeAudit } from './audit-log.ts'
import {
  holdAccount,
  liftAccountLimit,
  liftSuspension,
  limitAccount,
  suspendAccount,
} from './measures/account.ts'
import { openDecidedCase } from './open-decided-case.ts'
import { policyInForce } from './policies.ts'
import { takeBack } from './take-back.ts'

/** By which strikes limit and suspend accounts. */
const STRIKES_POLICY = 'strikes'
const SYSTEM = { role: 'system' } as const

/** What accountStanding does. It may run twice. */
export interface AccountStandings {
  /**
   * Brings the account in line with its strikes, and ends what has run out.
   * @returns the milliseconds until something ends next; null if nothing does
   */
  review(userId: UserId): Promise<number | null>
}

// Plan of each: the account's decisions, by moderation_decisions_owner_idx.
const STRIKES = `
  SELECT created_at AS at, strike_until AS until FROM moderation_decisions
  WHERE owner_id = $1 AND reversed_at IS NULL AND strike_until > $2`
const BROUGHT = `
  SELECT decision_id, case_id, action, until, reversed_at, created_at FROM moderation_decisions
  WHERE owner_id = $1 AND subject_type = 'user' AND policy_id = '${STRIKES_POLICY}' AND decided_as = 'classifier'
  ORDER BY created_at DESC LIMIT 100`
const NEXT = `
  SELECT min(moment) AS next FROM (
    SELECT until AS moment FROM moderation_decisions
    WHERE owner_id = $1 AND subject_type = 'user' AND reversed_at IS NULL
    UNION ALL SELECT strike_until FROM moderation_decisions WHERE owner_id = $1 AND reversed_at IS NULL) m
  WHERE moment > $2`

type Brought = Pick<
  ModerationDecisionRow,
  'decision_id' | 'case_id' | 'action' | 'until' | 'reversed_at' | 'created_at'
>

interface Change {
  /** What was done, for the audit log, once the transaction has nothing else to do. */
  action: string
  caseId: string
  until: Date | null
}

interface AccountStandingsDeps {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  thresholds: StrikeThresholds
}

export function createAccountStandings({ db, outbox, thresholds }: AccountStandingsDeps): AccountStandings {
  return {
    async review(userId) {
      const { msLeft, outboxIds } = await db.transaction(async (tx) => {
        const account = await holdAccount(tx, userId)
        if (!account) return { msLeft: null, outboxIds: [] }
        const { now } = account
        const strikes = await tx.query<Strike & Record<string, unknown>>({
          text: STRIKES,
          values: [userId, now],
        })
        const brought = await tx.query<Brought>({ text: BROUGHT, values: [userId] })
        const wanted = measuresOf(strikes, thresholds)
        const changes: Change[] = []
        const outboxIds: string[] = []
        for (const action of ['limit', 'suspend'] as const) {
          const measure = wanted.find((one) => one.action === action)
          const before = brought.filter((one) => one.action === action)
          const change = await follow(tx, { userId, now, strikes, measure, before })
          if (change) changes.push(change.change)
          outboxIds.push(...(change?.outboxIds ?? []))
        }
        outboxIds.push(...(await endWhatIsOver(tx, userId)))
        for (const { action, caseId, until } of changes) {
          const details = { caseId, strikes: strikes.length, until: until?.toISOString() ?? null }
          await writeAudit(tx, { actor: SYSTEM, action, subject: `user/${userId}`, details })
        }
        const [row] = await tx.query<{ next: Date | null }>({ text: NEXT, values: [userId, now] })
        return { msLeft: row!.next && row!.next.getTime() - now.getTime(), outboxIds }
      })
      await outbox.dispatch(outboxIds)
      return msLeft
    },
  }
}

/** Both lift only what no decision asks for any longer. */
async function endWhatIsOver(tx: Transaction, userId: UserId): Promise<string[]> {
  await liftAccountLimit(tx, userId)
  return liftSuspension(tx, userId)
}

interface Following {
  userId: UserId
  now: Date
  strikes: readonly Strike[]
  /** What the strikes ask for. */
  measure: StrikeMeasure | undefined
  /** What strikes brought so far, the latest first. */
  before: readonly Brought[]
}

/** Makes what strikes brought what they ask for: once for each strike, so that an appeal that was granted is not undone. */
async function follow(
  tx: Transaction,
  { userId, now, strikes, measure, before }: Following,
): Promise<{ change: Change; outboxIds: string[] } | undefined> {
  const standing = before.find(({ reversed_at: reversedAt, until }) => reversedAt === null && until! > now)
  if (!measure) return standing && reverse(tx, userId, standing)
  const { until } = measure
  const latest = latestOf(strikes)!
  if (standing && (measure.action === 'limit' || standing.created_at >= latest)) {
    const isSame = until.getTime() === standing.until!.getTime()
    // A suspension begins with a strike, and is at most shortened when another is taken back.
    if (isSame || (measure.action === 'suspend' && until > standing.until!)) return undefined
    return { change: await setEnd(tx, standing, until), outboxIds: [] }
  }
  if (until <= now || before.some(({ created_at: at }) => at >= latest)) return undefined
  return decide(tx, { userId, now, measure, count: strikes.length })
}

async function reverse(tx: Transaction, userId: UserId, standing: Brought) {
  const subject = { type: 'user', id: userId } as const
  const reason = 'The strikes that it followed from no longer count.'
  const { outboxIds } = await takeBack(tx, { subject, ownerId: userId, decisions: [standing], reason })
  const change = { action: `strikes.${standing.action}_ended`, caseId: standing.case_id, until: null }
  return { change, outboxIds }
}

async function setEnd(tx: Transaction, standing: Brought, until: Date): Promise<Change> {
  await tx.query({
    text: 'UPDATE moderation_decisions SET until = $2 WHERE decision_id = $1',
    values: [standing.decision_id, until],
  })
  return { action: `strikes.${standing.action}_changed`, caseId: standing.case_id, until }
}

async function decide(
  tx: Transaction,
  { userId, now, measure, count }: { userId: UserId; now: Date; measure: StrikeMeasure; count: number },
) {
  const { version } = await policyInForce(tx.query, STRIKES_POLICY, 'policy')
  const opened = await openDecidedCase(tx, {
    userId,
    source: 'strikes',
    policyId: STRIKES_POLICY,
    appealableUntil: new Date(now.getTime() + APPEAL_WINDOW_MS),
  })
  const decision = {
    decisionId: uuidv7(),
    caseId: opened.caseId,
    subjectType: 'user',
    subjectId: userId,
    ownerId: userId,
    action: measure.action,
    policyId: STRIKES_POLICY,
    policyVersion: version,
    reason: `${count} strikes count against the account.`,
    decidedAs: 'classifier',
    until: measure.until,
    createdAt: now,
  } as const
  await run(
    tx.query,
    insertRow(ModerationDecision, decision, [
      'decidedBy',
      'strikeUntil',
      'reversedAt',
      'toldAt',
      'retractedAt',
    ]),
  )
  const suspended =
    measure.action === 'suspend' ? await suspendAccount(tx, { userId, until: measure.until }) : []
  if (measure.action === 'limit') await limitAccount(tx, userId)
  const change = { action: `strikes.${measure.action}`, caseId: opened.caseId, until: measure.until }
  return { change, outboxIds: [opened.outboxId, ...suspended] }
}
