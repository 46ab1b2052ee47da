import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { openFanoutBars } from '../../src/cli/fanout-bars.ts'
import {
  FANOUT_PROGRESS,
  photoFanoutWorkflowId,
  type FanoutProgress,
} from '../../src/contracts/photo-fanout.ts'
import type { UserId } from '../../src/domain/ids.ts'
import { openDatabase } from '../../src/infra/db/database.ts'
import { openRedis } from '../../src/infra/redis/client.ts'
import { createFeedHeads, type FeedHeads } from '../../src/infra/redis/feed-heads.ts'
import { openTemporal } from '../../src/infra/temporal/client.ts'
import { ApiClient } from '../client/api-client.ts'
import type { Service } from '../serve.ts'
import { followInBulk } from './bulk-followers.ts'
import { signUpReaders, startReading } from './readers.ts'
import { ms } from './milliseconds.ts'
import { DEMO_PHOTOS, readDemoPhoto, type DemoPhoto } from './photos.ts'

const FOLLOWERS = 200_000
/** Followers who have read their feed recently: they are pushed to, and the others pull when they return. */
const ENROLLED = 20_000
/** How many of these have a warm head in Redis. */
const WARM = 3_000
/** Real users of the API, who also follow and read while the photo is pushed. */
const READERS = 5
const READ_EVERY_MS = 100
const PUSH_TIMEOUT_MS = 120_000

export interface CelebrityDemo {
  service: Service
  /** Folder of the demo photos. */
  samplePhotos: string
  signal: AbortSignal
}

/**
 * A celebrity posts two photos while followers read their feeds. Shows live when readers see each photo, and how the push
 * catches up in the background.
 * @throws Error if a reader does not see a photo, sees it twice, or the push does not end
 */
export async function showCelebrity({ service, samplePhotos, signal }: CelebrityDemo): Promise<void> {
  const { env } = service
  const db = await openDatabase({
    url: env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: 120_000,
    applicationName: 'darkroom-demo',
  })
  const redis = openRedis(env.REDIS_URL!)
  const temporal = openTemporal({ address: env.TEMPORAL_ADDRESS!, namespace: env.TEMPORAL_NAMESPACE! })
  try {
    const run = randomBytes(3).toString('hex')
    const celebrity = await new ApiClient(service.urls.api).signUp(`celebrity-${run}`)
    const counts = `${count(FOLLOWERS)} followers, ${count(ENROLLED)} of them recently active`
    console.log(`\n${celebrity.username} gets ${counts}: written directly into Postgres, bypassing the API`)
    const enrolled = await followInBulk(
      db.primary,
      celebrity.username,
      { followers: FOLLOWERS, enrolled: ENROLLED },
      (soFar) => console.log(`  ${count(soFar)}`),
    )
    await warmHeads(createFeedHeads(redis), enrolled.slice(0, WARM))
    console.log(`  ${count(WARM)} warm heads, written directly into Redis`)
    const names = Array.from({ length: READERS }, (_, n) => `reader-${n + 1}-${run}`)
    const readers = await signUpReaders(service.urls.api, names, celebrity)
    console.log(
      `  ${READERS} more followers through the API; each reads its feed every ${READ_EVERY_MS} ms\n`,
    )
    for (const photo of DEMO_PHOTOS.filter(({ visibility }) => visibility === 'public').slice(0, 2)) {
      if (signal.aborted) return
      await showOne(photo, { service, samplePhotos, celebrity, readers, temporal, signal })
    }
  } finally {
    redis.disconnect()
    await Promise.all([db.close(), temporal.connection.close()])
  }
}

async function warmHeads(heads: FeedHeads, userIds: UserId[]): Promise<void> {
  for (let from = 0; from < userIds.length; from += 100) {
    await Promise.all(
      userIds.slice(from, from + 100).map(async (userId) => {
        const build = await heads.beginBuild(userId, 1)
        if (typeof build !== 'string')
          await heads.finishBuild(userId, build, { epoch: 1, floor: 0, items: [] })
      }),
    )
  }
}

interface OnePost extends CelebrityDemo {
  celebrity: ApiClient
  readers: ApiClient[]
  temporal: Client
}

async function showOne(photo: DemoPhoto, demo: OnePost): Promise<void> {
  const { service, samplePhotos, celebrity, readers, temporal, signal } = demo
  const bytes = await readDemoPhoto(samplePhotos, photo)
  const { contentType, caption, visibility } = photo
  const { photoId } = await celebrity.upload(bytes, { contentType, caption, visibility })
  await celebrity.call('POST', `/v1/photos/${photoId}/complete`, undefined, [200, 202])
  const reading = startReading(readers, photoId, READ_EVERY_MS)
  const { publishedAt } = await celebrity.untilSettled(photoId)
  if (!publishedAt) throw new Error(`${photo.file} was not published`)
  console.log(`${photo.file} is published; the push runs in the background:`)
  console.log(`  ${workflowUrl(service, photoFanoutWorkflowId(photoId))}`)
  const pushed = await showPush(temporal, photoId, signal)
  await celebrity.until(
    'every reader has the photo',
    async () => reading.firstSeenMs.length === readers.length,
  )
  await reading.stop()

  const visible = reading.firstSeenMs.map((at) => at - Date.parse(publishedAt)).sort(byNumber)
  const took = reading.tookMs.sort(byNumber)
  console.log(
    `  publish → visible  first reader ${ms(visible[0]!)}, last of ${readers.length} ${ms(visible.at(-1)!)}\n` +
      `  push               ${count(pushed.followersSeen)} followers, ${count(pushed.delivered)} feeds written, in ${ms(pushed.tookMs)}\n` +
      `  meanwhile          ${took.length} feed reads, median ${ms(quantile(took, 0.5))}, p95 ${ms(quantile(took, 0.95))}; the photo never twice\n`,
  )
}

/** Shows the push live, to its end. */
async function showPush(temporal: Client, photoId: string, signal: AbortSignal) {
  const handle = temporal.workflow.getHandle(photoFanoutWorkflowId(photoId))
  const deadline = Date.now() + PUSH_TIMEOUT_MS
  const bars = openFanoutBars()
  try {
    for (;;) {
      signal.throwIfAborted()
      if (Date.now() > deadline) throw new Error('the push did not end in time')
      // The first queries may come before the workflow.
      const progress = await handle.query<FanoutProgress>(FANOUT_PROGRESS).catch(() => undefined)
      if (progress) bars.show(progress)
      if (progress?.state === 'done') {
        const { startTime, closeTime } = await handle.describe()
        return { ...progress, tookMs: (closeTime?.getTime() ?? Date.now()) - startTime.getTime() }
      }
      await sleep(100)
    }
  } finally {
    bars.stop()
  }
}

function workflowUrl({ env, urls }: Service, workflowId: string): string {
  const path = `namespaces/${env.TEMPORAL_NAMESPACE}/workflows/${encodeURIComponent(workflowId)}`
  return urls.temporal ? new URL(path, urls.temporal).href : workflowId
}

const byNumber = (left: number, right: number) => left - right
const quantile = (sorted: number[], q: number) => sorted[Math.floor((sorted.length - 1) * q)] ?? 0
const count = (value: number) => value.toLocaleString('en')
