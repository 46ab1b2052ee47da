import { notFound } from '../../domain/errors.ts'
import type { Evidence, ModerationCaseRow, UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { avatarOf, type AvatarPlace } from '../../infra/db/rules.ts'

/** A case in the queue, with the names of its owner and of who has claimed it. */
export type ShownCase = Omit<ModerationCaseRow, 'evidence' | 'claimed_by'> & {
  owner_name: string
  owner_display_name: UserRow['display_name']
  owner_avatar: AvatarPlace | null
  claimed_by: string | null
}

const CLAIMED = 'c.claimed_until > now()'
export const CASE_COLUMNS = `
  c.case_id, c.subject_type, c.subject_id, c.owner_id, c.source, c.state, c.priority, c.weight, c.report_count, c.policy_id,
  c.opened_at, c.due_at, c.closed_at, o.username AS owner_name, o.display_name AS owner_display_name,
  ${avatarOf('o')} AS owner_avatar,
  CASE WHEN ${CLAIMED} THEN m.username END AS claimed_by, CASE WHEN ${CLAIMED} THEN c.claimed_until END AS claimed_until`
export const FROM_CASES = `
  FROM moderation_cases c JOIN users o ON o.user_id = c.owner_id LEFT JOIN users m ON m.user_id = c.claimed_by`

const ONE = `SELECT ${CASE_COLUMNS}, c.evidence ${FROM_CASES} WHERE c.case_id = $1`

/** @throws DarkroomError not_found */
export async function readCase(
  query: Query,
  caseId: string,
): Promise<{ shown: ShownCase; evidence: Evidence }> {
  const [row] = await query<ShownCase & { evidence: Evidence }>({ text: ONE, values: [caseId] })
  if (!row) throw notFound('case')
  const { evidence, ...shown } = row
  return { shown, evidence }
}
