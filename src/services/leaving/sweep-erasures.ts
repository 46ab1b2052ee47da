import type { Sweep } from '../../contracts/housekeeping.ts'
import { RECEIPT_DAYS } from '../../domain/leaving.ts'
import type { UserId } from '../../domain/ids.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import type { Query } from '../../infra/db/database.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

const LATE_MINUTES = 10
const BATCH = 500

// Plan: account_erasures_open_key.
const OPEN = `
  SELECT user_id FROM account_erasures
  WHERE completed_at IS NULL AND coalesce(started_at, starts_at) < now() - $1 * interval '1 minute'
  ORDER BY user_id LIMIT $2`

/** Wakes accountErasure where it should have started: it may have been lost. One that is under way goes on. */
export const wakeLateErasures = (primary: Query, starts: Pick<WorkflowStarts, 'deliver'>): Sweep => ({
  name: 'accountErasures',
  summary: 'Wake erasures of accounts that should have started',
  async run(signal) {
    const rows = await primary<{ user_id: UserId }>({ text: OPEN, values: [LATE_MINUTES, BATCH] })
    for (const { user_id: userId } of rows) {
      signal?.throwIfAborted()
      await starts.deliver({ kind: 'erasureChanged', payload: { userId } })
    }
    return rows.length
  },
})

// Photos that were evidence, once their own erasure is complete.
const PHOTOS = `
  DELETE FROM photos WHERE photo_id IN (
    SELECT p.photo_id FROM account_erasures e JOIN photos p ON p.owner_id = e.user_id
      JOIN photo_erasures r ON r.photo_id = p.photo_id
    WHERE e.completed_at IS NOT NULL AND p.status = 'deleted' AND r.erased_at IS NOT NULL LIMIT $1)
  RETURNING 1`
// What moderation keeps of an erased account goes case by case; decisions, appeals and reports go with their case.
const CASES = `
  DELETE FROM moderation_cases WHERE case_id IN (
    SELECT c.case_id FROM account_erasures e JOIN moderation_cases c ON c.owner_id = e.user_id
    WHERE e.kept_until < now() AND c.state = 'closed' LIMIT $1)
  RETURNING 1`
// Plan: account_erasures_completed_idx. Once nothing is kept any more.
const RECEIPTS = `
  DELETE FROM account_erasures WHERE erasure_id IN (
    SELECT erasure_id FROM account_erasures e
    WHERE completed_at < now() - $2 * interval '1 day' AND kept_until < now()
      AND NOT EXISTS (SELECT FROM moderation_cases c WHERE c.owner_id = e.user_id) LIMIT $1)
  RETURNING 1`
const NAMES = `
  DELETE FROM reserved_usernames WHERE name_hash IN (
    SELECT name_hash FROM reserved_usernames WHERE until < now() LIMIT $1)
  RETURNING 1`

/** Deletes what was kept of erased accounts for a time. */
export const sweepErasedAccounts = (primary: Query): Sweep => ({
  name: 'erasedAccounts',
  summary: 'Delete what was kept of erased accounts for a time',
  run: async (signal) =>
    (await deleteInBatches(primary, PHOTOS, signal)) +
    (await deleteInBatches(primary, CASES, signal)) +
    (await deleteInBatches(primary, RECEIPTS, signal, [RECEIPT_DAYS])) +
    (await deleteInBatches(primary, NAMES, signal)),
})
