import { v7 as uuidv7 } from 'uuid'
import type { UserId } from '../../domain/ids.ts'
import type { SecurityEventKind } from '../../domain/security-events.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { SecurityEvent, type SecurityEventRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { insertRow } from '../../infra/db/insert.ts'
import { securityEvent } from '../../observability/security-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { OWE_NOTIFICATIONS } from '../delivery/notification-events.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { storableUserAgent, type Device, type Devices } from './devices.ts'

export type ShownSecurityEvent = Omit<SecurityEventRow, 'user_id'>

export interface SecurityEvents {
  /** Records what the account should know of, and owes it the news, in the transaction of what happened if there is one. */
  record(query: Query, userId: UserId, kind: SecurityEventKind, device: Device): Promise<void>
  /** The viewer's, latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownSecurityEvent>>
}

/** Of what may happen a thousand times an hour, one tells the account enough. */
const ONCE_AN_HOUR: readonly SecurityEventKind[] = ['sign_in_blocked', 'second_factor_blocked']

// Plan: security_events_user_idx, backwards over the last hour.
const HAPPENED = `
  SELECT FROM security_events WHERE user_id = $1 AND kind = $2 AND created_at > now() - interval '1 hour'
  ORDER BY security_event_id DESC LIMIT 1`

// Walks security_events_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT security_event_id, kind, user_agent, network, created_at FROM security_events
  WHERE user_id = $1 AND security_event_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY security_event_id DESC LIMIT $3`

export function createSecurityEvents({
  devices,
  logger,
}: {
  devices: Pick<Devices, 'dailyDigest'>
  logger: Logger
}): SecurityEvents {
  return {
    async record(query, userId, kind, device) {
      if (ONCE_AN_HOUR.includes(kind)) {
        const happened = await query({ text: HAPPENED, values: [userId, kind] })
        if (happened.length > 0) return
      }
      const network = devices.dailyDigest(device, new Date())
      const insert = insertRow(SecurityEvent, {
        securityEventId: uuidv7(),
        userId,
        kind,
        userAgent: storableUserAgent(device.userAgent),
        network,
      })
        .returning(['security_event_id', 'user_id'])
        .compile()
      // One statement, as there may be no transaction around it: what is recorded is told.
      await query({
        text: `WITH happened AS (${insert.sql})
          ${OWE_NOTIFICATIONS} SELECT user_id, '{security}', NULL, NULL, NULL, security_event_id FROM happened`,
        values: insert.parameters,
      })
      securityEvent(logger, kind, { userId, network: network.toString('hex') })
    },

    async list(list) {
      const [eventId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownSecurityEvent>({
        name: 'security-events',
        text: LIST,
        values: [list.viewer.userId, eventId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.security_event_id])
    },
  }
}
