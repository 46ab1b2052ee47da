import type { UserViewer } from '../../domain/viewer.ts'
import type { AuditEntryRow } from '../../entities/index.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'

/** An entry of the audit log, with the name of its actor if that is an account. */
export type ShownAuditEntry = AuditEntryRow & { actor_name: string | null }

// Walks moderation_audit_pkey backwards from the cursor; one probe of users_pkey each.
const LATEST = `
  SELECT e.seq, e.at, e.actor_id, e.actor_role, e.action, e.subject, e.details, e.hash, u.username AS actor_name
  FROM moderation_audit e LEFT JOIN users u ON u.user_id = e.actor_id
  WHERE e.seq < coalesce($1::bigint, 9223372036854775807) ORDER BY e.seq DESC LIMIT $2`

/** The audit log, latest first. @throws DarkroomError bad_cursor */
export async function readAudit(list: ListRead<UserViewer>): Promise<Page<ShownAuditEntry>> {
  const [seq] = list.after(['string']) ?? [null]
  const rows = await list.query<ShownAuditEntry>({
    name: 'audit-log',
    text: LATEST,
    values: [seq, list.limit + 1],
  })
  return pageOfRows(list, rows, (row) => [row.seq])
}
