import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOTIFICATION_WRITER } from '../../../src/contracts/notification-writer.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { createLikes } from '../../../src/services/engagement/likes.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import type { RunningWorker, WorkerDefinition } from '../../../src/workers/run-worker.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { eventually, openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

/** Notifications as workers write them, on a real Temporal. */
let world: UploadWorld
const workers: RunningWorker[] = []

beforeAll(async () => {
  world = await openUploadWorld()
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
})
afterAll(() => world?.close())

async function start(definition: WorkerDefinition = orchestrationWorker): Promise<RunningWorker> {
  const worker = await world.start(definition)
  workers.push(worker)
  return worker
}

type Write = (input: { writer: number }) => Promise<unknown>

/** An orchestration worker whose writes are wrapped. */
const writing = (wrap: (write: Write) => Write): WorkerDefinition => ({
  ...orchestrationWorker,
  async compose(clients) {
    const composed = await orchestrationWorker.compose(clients)
    const { writeNotifications } = composed.activities as unknown as { writeNotifications: Write }
    return {
      ...composed,
      activities: { ...composed.activities, writeNotifications: wrap(writeNotifications) },
    }
  },
})

async function somebodyLiked(likers: readonly UserId[]): Promise<{ owner: UserId; photoId: PhotoId }> {
  const owner = await world.owner()
  const { photoId } = await buildPhoto(world.db, owner)
  await like(photoId, likers)
  return { owner, photoId }
}

async function like(photoId: PhotoId, likers: readonly UserId[]): Promise<void> {
  const likes = createLikes({ db: world.db })
  const rest = likers.values()
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const liker of rest) await likes.like(liker, photoId)
    }),
  )
}

const people = (count: number) => Promise.all(Array.from({ length: count }, () => world.owner()))

/** How many entries each notification of the account has. */
const entriesOf = async (owner: UserId): Promise<number[]> => {
  const rows = await world.db.primary<{ entries: number }>({
    text: `SELECT (SELECT count(*)::integer FROM notification_entries e WHERE e.notification_id = n.notification_id) AS entries
           FROM notifications n WHERE recipient_id = $1`,
    values: [owner],
  })
  return rows.map(({ entries }) => entries)
}

const told = (owner: UserId, entries: number) =>
  eventually(async () => (await entriesOf(owner)).reduce((sum, each) => sum + each, 0) === entries)

async function runs(): Promise<number> {
  const { count } = await world.temporal.workflow.count(`WorkflowType = '${NOTIFICATION_WRITER}'`)
  return count
}

describe('workers', () => {
  it('write what is owed within seconds, in few runs', async () => {
    await start()
    const likers = await people(20)
    const before = await runs()
    const photos = []
    const owner = await world.owner()
    for (let n = 0; n < 20; n++) photos.push((await buildPhoto(world.db, owner)).photoId)
    for (const photoId of photos) await like(photoId, likers)
    await told(owner, 400)
    expect(await entriesOf(owner)).toEqual(Array<number>(20).fill(20))
    // Four hundred likes: a run for each poll at most, and none for each like.
    expect((await runs()) - before).toBeLessThan(40)
  })

  it('write what was owed before they started', async () => {
    const likers = await people(3)
    const { owner } = await somebodyLiked(likers)
    expect(await entriesOf(owner)).toEqual([])
    await start()
    await told(owner, 3)
  })

  it('tell of nothing twice after one has died between commit and answer', async () => {
    let deaths = 2
    await start(
      writing((write) => async (input) => {
        const result = await write(input)
        if (deaths-- > 0) throw new Error('killed')
        return result
      }),
    )
    const { owner } = await somebodyLiked(await people(5))
    await eventually(async () => deaths < 0)
    await told(owner, 5)
    expect(await entriesOf(owner)).toEqual([5])
  })

  it('take over what a worker leaves behind', async () => {
    let taken = 0
    const stuck = await start(
      writing(() => async () => {
        taken++
        throw new Error('this process is about to die')
      }),
    )
    const { owner } = await somebodyLiked(await people(4))
    await eventually(async () => taken > 0)
    await stuck.stop()
    workers.splice(workers.indexOf(stuck), 1)
    await start()
    await told(owner, 4)
    expect(await entriesOf(owner)).toEqual([4])
  })

  it('share the work, two of them, without a double', async () => {
    await Promise.all([start(), start()])
    const likers = await people(10)
    const owned = await Promise.all(Array.from({ length: 4 }, () => somebodyLiked(likers)))
    for (const { owner } of owned) await told(owner, 10)
    for (const { owner } of owned) expect(await entriesOf(owner)).toEqual([10])
  })
})
