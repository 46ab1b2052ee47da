import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FanoutProgress } from '../../src/contracts/photo-fanout.ts'
import { FANOUT_PROGRESS, photoFanoutWorkflowId } from '../../src/contracts/photo-fanout.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase, type Database } from '../../src/infra/db/database.ts'
import { openTemporal } from '../../src/infra/temporal/client.ts'
import { ApiClient } from '../../stack/client/api-client.ts'
import { followInBulk } from '../../stack/demo/bulk-followers.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { smallJpeg } from '../support/factories/pictures.ts'

const FOLLOWERS = 12_000

let app: App
let author: ApiClient
let db: Database
const config = loadConfig()
const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })

beforeAll(async () => {
  app = await startApp({
    storageEvents: false,
    env: { FANOUT_SHARD_THRESHOLD: '100', FANOUT_SHARDS: '2', FANOUT_SLICE_FOLLOWERS: '20000' },
  })
  db = await openDatabase({
    url: config.DATABASE_URL,
    poolSize: 2,
    statementTimeoutMs: 60_000,
    applicationName: 'fanout-kill-test',
  })
  author = await new ApiClient(app.url).signUp(`famous-${randomBytes(4).toString('hex')}`)
  await followInBulk(db.primary, author.username, { followers: FOLLOWERS, enrolled: FOLLOWERS })
})
afterAll(async () => {
  await app?.stop()
  await db?.close()
  await temporal.connection.close()
})

it('finishes a shard on another bulk worker after a kill, without repeats', async () => {
  const { photoId } = await author.upload(await smallJpeg(), {
    contentType: 'image/jpeg',
    visibility: 'public',
  })
  await author.call('POST', `/v1/photos/${photoId}/complete`, undefined, [200, 202])
  const rows = async () => {
    const text = 'SELECT count(*)::integer AS count FROM feed_items WHERE photo_id = $1'
    return (await db.primary<{ count: number }>({ text, values: [photoId] }))[0]!.count
  }
  await author.until('some rows are written', async () => (await rows()) > 0, 30_000, 2)
  await app.kill('fanout-bulk')
  const atKill = await rows()
  expect(atKill).toBeLessThan(FOLLOWERS)
  const inFlight = await db.primary({ text: 'SELECT FROM in_flight WHERE photo_id = $1', values: [photoId] })
  expect(inFlight).toHaveLength(1)

  await app.start('fanout-bulk')
  await author.until('all rows are written', async () => (await rows()) === FOLLOWERS, 60_000)
  const handle = temporal.workflow.getHandle(photoFanoutWorkflowId(photoId))
  await handle.result()
  // What was done before the kill was not repeated, because the heartbeat had recorded the position.
  expect(await handle.query<FanoutProgress>(FANOUT_PROGRESS)).toMatchObject({
    state: 'done',
    followersSeen: FOLLOWERS,
    shards: [{ failures: 0 }, { failures: 0 }],
  })
  expect(await db.primary({ text: 'SELECT FROM in_flight WHERE photo_id = $1', values: [photoId] })).toEqual(
    [],
  )
}, 180_000)
