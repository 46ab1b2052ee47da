import type { UserId } from '../../domain/ids.ts'
import { AuditEntry, type AuditEntryRow, type UserRow } from '../../entities/index.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'

/** Who did it: somebody of the staff, or none of them: the service itself (`system`), or an operator. */
type AuditActor = { userId: UserId; role: UserRow['role'] } | { role: 'system' | 'operator' }

interface NewAuditEntry {
  actor: AuditActor
  /** What was done, in one word such as `role.granted`. */
  action: string
  /** To what: `user/<id>`. */
  subject: string
  /** Ids and chosen values, never texts of people. */
  details?: Record<string, unknown>
}

/**
 * Adds to the log, in the transaction of what was done, and last in it: from then on no other transaction adds anything
 * until this one ends, so that the chain has one order.
 */
export async function writeAudit(tx: Transaction, entry: NewAuditEntry): Promise<void> {
  const { actor, action, subject, details = {} } = entry
  const actorId = 'userId' in actor ? actor.userId : null
  // Postgres replaces number, time and hash.
  const row = {
    seq: '0',
    actorId,
    actorRole: actor.role,
    action,
    subject,
    details: JSON.stringify(details) as never,
  }
  await run(tx.query, insertRow(AuditEntry, { ...row, hash: Buffer.alloc(0) }))
}

interface AuditVerdict {
  entries: number
  /** The number of the first entry that does not follow from the one before it; null if all do. */
  brokenAt: string | null
  /** The last hash in hex, to be kept elsewhere: it also proves that nothing was cut off at the end. */
  head: string | null
}

const BATCH = 5_000

// Plan: a range of moderation_audit_pkey. An entry follows if its number is the next one and its hash covers the one before.
const VERIFY = `
  SELECT e.seq, e.hash, e.seq = lag(e.seq, 1, $1::bigint) OVER by_seq + 1
      AND e.hash = moderation_audit_hash(lag(e.hash, 1, $2::bytea) OVER by_seq, e) AS follows
  FROM moderation_audit e WHERE e.seq > $1::bigint WINDOW by_seq AS (ORDER BY e.seq) ORDER BY e.seq LIMIT ${BATCH}`

/** Walks the whole log and computes every hash again. */
export async function verifyAudit(query: Query): Promise<AuditVerdict> {
  let seq = '0'
  let hash: Buffer = Buffer.alloc(0)
  let entries = 0
  for (;;) {
    const rows = await query<Pick<AuditEntryRow, 'seq' | 'hash'> & { follows: boolean }>({
      text: VERIFY,
      values: [seq, hash],
    })
    const broken = rows.find((row) => !row.follows)
    if (broken) return { entries, brokenAt: broken.seq, head: null }
    entries += rows.length
    const last = rows.at(-1)
    if (last) [seq, hash] = [last.seq, last.hash]
    if (rows.length < BATCH)
      return { entries, brokenAt: null, head: entries === 0 ? null : hash.toString('hex') }
  }
}
