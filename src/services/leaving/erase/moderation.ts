import type { Database } from '../../../infra/db/database.ts'
import { deleteCounted, type Erased, type ErasureStep } from './step.ts'

const BATCH_ROWS = 500

// Plan: reports_reporter_idx; moderation_cases_owner_idx. Numbers stay, so that cases keep their weight.
const STATEMENTS = [
  [
    'reports',
    `UPDATE reports SET detail = NULL WHERE report_id IN (
      SELECT report_id FROM reports WHERE reporter_id = $1 AND detail IS NOT NULL LIMIT $2) RETURNING 1`,
  ],
  [
    'moderation_cases',
    `UPDATE moderation_cases SET evidence = '{"texts":{}}' WHERE case_id IN (
      SELECT case_id FROM moderation_cases
      WHERE owner_id = $1 AND state = 'closed' AND evidence -> 'texts' <> '{}' LIMIT $2) RETURNING 1`,
  ],
] as const

/**
 * Takes the account's words out of what moderation keeps: what it reported stays as a report by nobody, and what closed cases quote of it
 * is deleted. Cases that are open keep their evidence until they are closed.
 */
export const eraseModeration = ({ db }: { db: Pick<Database, 'primary'> }): ErasureStep => ({
  name: 'reports and evidence',
  async next(account: Erased) {
    for (const [table, deletion] of STATEMENTS) {
      const removed = await deleteCounted(db.primary, account, { table, deletion, limit: BATCH_ROWS })
      if (removed === BATCH_ROWS) return 'more'
    }
    return 'done'
  },
})
