import { setTimeout as delay } from 'node:timers/promises'
import type { OutboxMessage } from '../../contracts/outbox.ts'
import type { Sweep } from '../../contracts/housekeeping.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { reportUnprovenRetractions } from '../../observability/retraction-events.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'
import { accountSubject, audienceSubject, linkSubject, photoSubject } from './subjects.ts'

/** Records that every edge refuses a photo's URLs below the epoch; a narrowing since then stays owed. */
export function recordPhotoProof(primary: Query, photoId: PhotoId, minEpoch: number): Promise<boolean> {
  return recordProof(primary, photoSubject(photoId), minEpoch)
}

/**
 * The same for an account, once none of its photos is owed any more.
 * @returns false while one is
 */
export function recordAccountProof(primary: Query, userId: UserId, minEpoch: number): Promise<boolean> {
  return recordProof(primary, accountSubject(userId), minEpoch, userId)
}

/** The same for the signed URLs of an account's photos. */
export function recordAudienceProof(primary: Query, userId: UserId, minEpoch: number): Promise<boolean> {
  return recordProof(primary, audienceSubject(userId), minEpoch)
}

/** The same for whatever was issued through a share link, which has one epoch. */
export function recordLinkProof(primary: Query, linkId: LinkId): Promise<boolean> {
  return recordProof(primary, linkSubject(linkId), 1)
}

async function recordProof(
  primary: Query,
  subject: string,
  minEpoch: number,
  ofAll: UserId | null = null,
): Promise<boolean> {
  const [row] = await primary<{ is_owed: boolean }>({
    text: `
      WITH waiting AS (SELECT FROM retractions WHERE owner_id = $3::bigint AND subject LIKE 'photo/%' LIMIT 1),
        proven AS (DELETE FROM retractions WHERE subject = $1 AND min_epoch <= $2 AND NOT EXISTS (SELECT FROM waiting))
      SELECT EXISTS (SELECT FROM waiting) AS is_owed`,
    values: [subject, minEpoch, ofAll],
  })
  return !row!.is_owed
}

const RESTART_AFTER_MINUTES = 10
const RESTART_BATCH = 500

/** Wakes the workflows of retractions that stay unproven for long: one of them may have been lost. */
export function wakeOwedRetractions(primary: Query, starts: Pick<WorkflowStarts, 'deliver'>): Sweep {
  return {
    name: 'retractions',
    summary: 'Wake retractions that are owed for long',
    async run(signal) {
      const rows = await primary<{ subject: string; owner_id: UserId }>({
        text: `SELECT subject, owner_id FROM retractions WHERE since < now() - $1 * interval '1 minute'
          ORDER BY since LIMIT $2`,
        values: [RESTART_AFTER_MINUTES, RESTART_BATCH],
      })
      for (const { subject, owner_id: ownerId } of rows) {
        signal?.throwIfAborted()
        await starts.deliver(messageFor(subject, ownerId))
      }
      return rows.length
    },
  }
}

function messageFor(subject: string, ownerId: UserId): OutboxMessage {
  const [kind, id] = subject.split('/') as [string, string]
  switch (kind) {
    case 'photo':
      return { kind: 'photoChanged', payload: { photoId: id, ownerId } }
    case 'link':
      return { kind: 'linkChanged', payload: { linkId: id, ownerId } }
    case 'audience':
      return { kind: 'audienceNarrowed', payload: { userId: ownerId } }
    default:
      return { kind: 'accountChanged', payload: { userId: ownerId } }
  }
}

const WATCH_INTERVAL_MS = 5_000

/** Reports the age of the oldest unproven retraction, from its commit on, until the signal aborts. */
export async function watchRetractions(
  { db, logger }: { db: Pick<Database, 'primary'>; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const [row] = await db.primary<{ owed: number; oldest: number }>({
        name: 'retractions-owed',
        text: `SELECT count(*)::int AS owed,
          coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8 AS oldest FROM retractions`,
      })
      reportUnprovenRetractions(row!.owed, Math.max(0, row!.oldest))
    } catch (error) {
      logger.warn({ err: error }, 'the age of retractions is not known')
    }
    await delay(WATCH_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}
