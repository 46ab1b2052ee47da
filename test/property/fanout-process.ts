import { flushCompileCache } from 'node:module'
import { asyncLocalStorage, type Context, type Info } from '@temporalio/activity'
import { createFanoutActivities } from '../../src/activities/distribution.ts'
import type { FanoutPosition } from '../../src/contracts/photo-fanout.ts'
import { openDatabase, type Database } from '../../src/infra/db/database.ts'
import { openRedis } from '../../src/infra/redis/client.ts'
import { createFeedHeads, type FeedHeads } from '../../src/infra/redis/feed-heads.ts'
import { createFanout } from '../../src/services/distribution/push.ts'
import type { DeadlyPoint, FromWorker, ToWorker } from './fanout-workers.ts'

/** The activities of the fanout in a process that can be killed: node fanout-process.ts <photos in a head>, run over IPC. */

/** So small that a push of three followers can be interrupted between them. */
const PAGE_FOLLOWERS = 1
const SLICE_FOLLOWERS = 3

process.on('disconnect', () => process.exit())

let dieAt: DeadlyPoint | null = null

function point(here: DeadlyPoint): void {
  if (here === dieAt) process.kill(process.pid, 'SIGKILL')
}

function deadlyHeads(heads: FeedHeads): FeedHeads {
  const around = async (write: () => Promise<number>): Promise<number> => {
    point('rows written')
    const changed = await write()
    point('heads written')
    return changed
  }
  return {
    ...heads,
    push: (...args) => around(() => heads.push(...args)),
    remove: (...args) => around(() => heads.remove(...args)),
  }
}

function deadlyDatabase(db: Database): Database {
  return {
    ...db,
    async transaction(...args) {
      const result = await db.transaction(...args)
      point('committed')
      return result
    },
  }
}

const db = await openDatabase({
  url: process.env.DATABASE_URL!,
  poolSize: 4,
  statementTimeoutMs: 30_000,
  applicationName: 'feed-tests-fanout',
})
const heads = createFeedHeads(openRedis(process.env.REDIS_URL!), { maxItems: Number(process.argv[2]) })
const fanout = createFanout({
  db: deadlyDatabase(db),
  heads: deadlyHeads(heads),
  pageFollowers: PAGE_FOLLOWERS,
})
const activities = createFanoutActivities({ fanout, sliceFollowers: SLICE_FOLLOWERS })

const tell = (message: FromWorker) => process.send!(message)

/** Within a context such as Temporal's worker gives an activity; nobody cancels it. */
function run({
  run: name,
  id,
  input,
  heartbeatDetails,
}: Extract<ToWorker, { run: unknown }>): Promise<unknown> {
  const heartbeat = (position: FanoutPosition) => tell({ id, heartbeat: position })
  const context = {
    info: { heartbeatDetails } as Info,
    cancellationSignal: new AbortController().signal,
    heartbeat,
  } as unknown as Context
  return asyncLocalStorage.run(context, () => activities[name](input as never))
}

process.on('message', (message: ToWorker) => {
  if ('dieAt' in message) {
    dieAt = message.dieAt
    return
  }
  const { id } = message
  run(message).then(
    (result) => tell({ id, result }),
    (error: unknown) => tell({ id, error: String(error) }),
  )
})
// Those that are killed keep no cache.
flushCompileCache()
tell({ ready: true })
