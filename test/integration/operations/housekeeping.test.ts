import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FEED_COLLECTION_SCHEDULE_ID,
  type FeedCollectionResult,
} from '../../../src/contracts/feed-collection.ts'
import { HOUSEKEEPING_SCHEDULE_ID, type HousekeepingResult } from '../../../src/contracts/housekeeping.ts'
import { setUpTemporal } from '../../../src/infra/temporal/setup.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import type { PhotoStatus } from '../../../src/domain/visibility.ts'
import { fanoutWorker } from '../../../src/workers/fanout.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { buildPhoto, setPhotoStatus } from '../../support/factories/photos.ts'
import { eventually, openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

const HOUR_MS = 60 * 60 * 1000

let world: UploadWorld
let owner: string

beforeAll(async () => {
  world = await openUploadWorld()
  owner = await world.owner()
  await world.start(orchestrationWorker)
})
afterAll(() => world?.close())

/** An object under `incoming/` whose photo has this status. */
async function incoming(status: PhotoStatus, expiresInMs: number): Promise<string> {
  const { photoId } = await world.openUpload(owner, { expiresInMs })
  await setPhotoStatus(world.db, photoId, status)
  await world.objects.put(incomingKey(photoId), Buffer.from('bytes'), 'image/jpeg')
  return incomingKey(photoId)
}

async function sweepBySchedule<Result = HousekeepingResult>(
  scheduleId = HOUSEKEEPING_SCHEDULE_ID,
): Promise<Result> {
  const schedule = world.temporal.schedule.getHandle(scheduleId)
  const before = (await schedule.describe()).info.recentActions.length
  await schedule.trigger()
  const { workflowId } = await eventually(async () => {
    const { recentActions } = (await schedule.describe()).info
    return recentActions.length > before ? recentActions.at(-1)!.action.workflow : undefined
  })
  return (await world.temporal.workflow.getHandle(workflowId).result()) as Result
}

describe('housekeeping, by its schedule', () => {
  it('sweeps objects of closed uploads and keeps those still needed', async () => {
    const closed = [await incoming('failed', -2 * HOUR_MS), await incoming('deleted', -2 * HOUR_MS)]
    const stillOpen = await incoming('awaiting_upload', -2 * HOUR_MS)
    const urlStillValid = await incoming('failed', HOUR_MS)
    const unknown = incomingKey(randomUUID())
    await world.objects.put(unknown, Buffer.from('bytes'), 'image/jpeg')

    expect((await sweepBySchedule()).incomingObjects).toBeGreaterThanOrEqual(closed.length)
    for (const key of closed) expect(await world.objects.head(key)).toBeUndefined()
    for (const key of [stillOpen, urlStillValid, unknown]) expect(await world.objects.head(key)).toBeDefined()
    await world.objects.delete([stillOpen, urlStillValid, unknown])
  })

  it('starts the fanout of photos that were never distributed, no others', async () => {
    await world.start(fanoutWorker)
    const publish = async (since: string, inFlight = false): Promise<string> => {
      const { photoId } = await buildPhoto(world.db, owner, { inFlight })
      await world.db.primary({
        text: `UPDATE photo_distribution SET since = now() - $2::interval WHERE photo_id = $1`,
        values: [photoId, since],
      })
      return photoId
    }
    const [lost, young, heldByOperator] = [
      await publish('11 minutes'),
      await publish('9 minutes'),
      await publish('1 day', true),
    ]
    expect((await sweepBySchedule()).fanouts).toBeGreaterThanOrEqual(1)
    const distributionOf = async (photoId: string) =>
      (
        await world.db.primary<{ distribution: string | null }>({
          text: 'SELECT distribution FROM photo_distribution WHERE photo_id = $1',
          values: [photoId],
        })
      )[0]!.distribution
    await eventually(async () => (await distributionOf(lost)) === 'all')
    expect(await distributionOf(young)).toBeNull()
    expect(await distributionOf(heldByOperator)).toBeNull()
  })

  it('deletes idempotency keys after a day and sessions a week after their end', async () => {
    await world.db.primary({
      text: `INSERT INTO idempotency_keys (user_id, route, key, fingerprint, created_at)
        VALUES ($1, 'POST /photos', 'old', '\\x00', now() - interval '25 hours'),
          ($1, 'POST /photos', 'new', '\\x00', now() - interval '23 hours')`,
      values: [owner],
    })
    const [longEnded, ended] = [randomUUID(), randomUUID()]
    await world.db.primary({
      text: `INSERT INTO sessions (session_id, user_id, expires_at)
        VALUES ($2, $1, now() - interval '8 days'), ($3, $1, now() - interval '6 days')`,
      values: [owner, longEnded, ended],
    })
    await sweepBySchedule()
    const keys = await world.db.primary({
      text: 'SELECT key FROM idempotency_keys WHERE user_id = $1',
      values: [owner],
    })
    expect(keys).toEqual([{ key: 'new' }])
    const sessions = await world.db.primary({
      text: 'SELECT session_id FROM sessions WHERE session_id = ANY ($1::uuid[])',
      values: [[longEnded, ended]],
    })
    expect(sessions).toEqual([{ session_id: ended }])
  })
})

describe('setting Temporal up', () => {
  it('changes nothing when repeated and keeps an operator’s pause', async () => {
    const schedule = world.temporal.schedule.getHandle(HOUSEKEEPING_SCHEDULE_ID)
    await schedule.pause('database maintenance')
    const lines: string[] = []
    await setUpTemporal(world.temporal, (line) => lines.push(line))
    expect(lines).toEqual([])
    expect((await schedule.describe()).state).toMatchObject({ paused: true, note: 'database maintenance' })
    await schedule.unpause()
  })
})

describe('feed collection, by its schedule', () => {
  it('un-enrols users who have not read for 30 days and deletes their rows', async () => {
    const reader = await world.owner()
    await world.db.primary({
      text: `UPDATE feed_state SET epoch = 1, enrolled = true,
          last_read_at = now() - CASE user_id WHEN $1 THEN interval '31 days' ELSE interval '29 days' END
        WHERE user_id IN ($1, $2)`,
      values: [reader, owner],
    })
    for (const userId of [reader, owner]) {
      await world.db.primary({
        text: 'INSERT INTO feed_items (user_id, photo_id, score) VALUES ($1, $2, 1)',
        values: [userId, randomUUID()],
      })
    }
    const swept = await sweepBySchedule<FeedCollectionResult>(FEED_COLLECTION_SCHEDULE_ID)
    expect(swept.unenrolled).toBeGreaterThanOrEqual(1)
    // Neither photo exists, so the row of the user who still reads is a ghost too.
    expect(swept.rowsDeleted).toBeGreaterThanOrEqual(2)
    const states = await world.db.primary({
      text: `SELECT enrolled, epoch = collected_epoch AS collected FROM feed_state WHERE user_id = ANY ($1::bigint[])
        ORDER BY user_id = $2::bigint DESC`,
      values: [[reader, owner], reader],
    })
    expect(states).toEqual([
      { enrolled: false, collected: true },
      { enrolled: true, collected: true },
    ])
    const rows = await world.db.primary({
      text: 'SELECT FROM feed_items WHERE user_id = ANY ($1::bigint[])',
      values: [[reader, owner]],
    })
    expect(rows).toEqual([])
  })
})
