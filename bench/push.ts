import type { Client } from '@temporalio/client'
import { fanoutShardWorkflowId } from '../src/contracts/fanout-shard.ts'
import { photoFanoutWorkflowId } from '../src/contracts/photo-fanout.ts'
import type { PhotoId } from '../src/domain/ids.ts'
import type { Author } from './celebrity.ts'
import { startTreeCpuMeter } from './machine.ts'

const LONGEST_PUSH_MS = 600_000
/** Polled rarely enough not to be a load; the times themselves come from Temporal and the database. */
const POLL_MS = 100
const GOOD_STATES = ['RUNNING', 'COMPLETED', 'CONTINUED_AS_NEW']

export interface Push {
  photoId: PhotoId
  /** From publication to the last feed written, in ms … */
  writtenMs: number
  /** … and to the end of the fanout, which waits for the replica too. */
  ms: number
  cpuSeconds: number
  /** In ms since 1970. */
  publishedAt: number
}

/** Uploads a photo and waits until its fanout has ended. Measures from published_at to the end that Temporal recorded. */
export async function throughTemporal({ client }: Author, jpeg: Buffer, temporal: Client): Promise<Push> {
  const cpuSeconds = startTreeCpuMeter()
  const { photoId } = await client.upload(jpeg, { contentType: 'image/jpeg' })
  await client.untilSettled(photoId)
  const { publishedAt } = (
    await client.call<{ photo: { publishedAt: string } }>('GET', `/v1/photos/${photoId}`)
  ).photo
  const handle = temporal.workflow.getHandle(photoFanoutWorkflowId(photoId))
  const closedAt = await client.until(
    `fanout/${photoId} ends`,
    async () => {
      const { status, closeTime } = await handle
        .describe()
        .catch(() => ({ status: undefined, closeTime: undefined }))
      if (status && !GOOD_STATES.includes(status.name)) {
        throw new Error(`The fanout is ${status.name}`)
      }
      return closeTime
    },
    LONGEST_PUSH_MS,
    POLL_MS,
  )
  const writtenAt = (await lastShardClosedAt(temporal, photoId)) ?? closedAt
  const from = Date.parse(publishedAt)
  return {
    photoId,
    publishedAt: from,
    writtenMs: writtenAt.getTime() - from,
    ms: closedAt.getTime() - from,
    cpuSeconds: cpuSeconds(),
  }
}

const MAX_SHARDS = 64

/** Undefined for a push that was not sharded: it ends right after its last slice. */
async function lastShardClosedAt(temporal: Client, photoId: PhotoId): Promise<Date | undefined> {
  let last: Date | undefined
  for (let shard = 0; shard < MAX_SHARDS; shard++) {
    const handle = temporal.workflow.getHandle(fanoutShardWorkflowId(photoId, shard))
    const closeTime = (await handle.describe().catch(() => undefined))?.closeTime
    if (!closeTime) break
    if (!last || closeTime > last) last = closeTime
  }
  return last
}
