import { invalidField } from '../../domain/errors.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { ModerationPolicy, type ModerationPolicyRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { writeAudit } from './audit-log.ts'
import type { StaffMember } from './staff.ts'

interface NewPolicy {
  id: string
  title: string
  text: string
  /** Whether a takedown or suspension under it is a strike. */
  isStrike: boolean
}

/** What decisions go by. A change makes a new version; decisions keep the one that was in force. */
export interface Policies {
  /** Those in force, by their ids. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ModerationPolicyRow>>
  /** Adds a policy, or a version of one that is there; the same again changes nothing. */
  put(staff: StaffMember, policy: NewPolicy): Promise<ModerationPolicyRow>
}

// There are some dozens of them.
const IN_FORCE = `
  SELECT DISTINCT ON (policy_id) policy_id, version, title, text, is_strike, created_at FROM moderation_policies
  WHERE policy_id > $1 ORDER BY policy_id, version DESC LIMIT $2`
// Plan: one probe of moderation_policies_pkey, backwards.
const HIGHEST = `
  SELECT policy_id, version, title, text, is_strike, created_at FROM moderation_policies
  WHERE policy_id = $1 ORDER BY version DESC LIMIT 1`

/**
 * The version of the policy that is in force.
 * @param path where the request names the policy
 * @throws DarkroomError invalid if there is no such policy
 */
export async function policyInForce(
  query: Query,
  policyId: string,
  path: string,
): Promise<ModerationPolicyRow> {
  const [row] = await query<ModerationPolicyRow>({ text: HIGHEST, values: [policyId] })
  if (!row) throw invalidField(path, 'No such policy.')
  return row
}

export function createPolicies({ db }: { db: Pick<Database, 'transaction'> }): Policies {
  return {
    async list(list) {
      const [policyId] = list.after(['string']) ?? ['']
      const rows = await list.query<ModerationPolicyRow>({
        name: 'policies',
        text: IN_FORCE,
        values: [policyId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.policy_id])
    },

    put: (staff, { id: policyId, title, text, isStrike }) =>
      db.transaction(async (tx) => {
        // Two changes at once make two versions.
        await tx.query({
          text: `SELECT pg_advisory_xact_lock(hashtextextended('moderation_policy/' || $1, 0))`,
          values: [policyId],
        })
        const [highest] = await tx.query<ModerationPolicyRow>({ text: HIGHEST, values: [policyId] })
        if (highest?.title === title && highest.text === text && highest.is_strike === isStrike)
          return highest
        const version = (highest?.version ?? 0) + 1
        const [row] = await run(
          tx.query,
          insertRow(ModerationPolicy, { policyId, version, title, text, isStrike }).returningAll(),
        )
        await writeAudit(tx, {
          actor: staff,
          action: 'policy.changed',
          subject: `policy/${policyId}`,
          details: { version },
        })
        return row!
      }),
  }
}
