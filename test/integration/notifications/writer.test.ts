import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MAX_ITEMS } from '../../../src/domain/limits.ts'
import { NOTIFICATION_WRITERS } from '../../../src/domain/notifications.ts'
import type { Database, Query } from '../../../src/infra/db/database.ts'
import { oweNotification } from '../../../src/services/delivery/notification-events.ts'
import { createLikes } from '../../../src/services/engagement/likes.ts'
import { sweepNotifications } from '../../../src/services/notifications/sweep-notifications.ts'
import { createWriteNotifications } from '../../../src/services/notifications/write-notifications.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

let world: NotificationWorld
let owner: Person
let ann: Person

beforeAll(async () => {
  world = await openNotificationWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[owner, ann] = (await world.people(2)) as [Person, Person]
})

const newPhoto = () => world.seedPhoto({ ownerId: owner.id })
const writerOf = ({ id }: Person) => Number(BigInt(id) % BigInt(NOTIFICATION_WRITERS))
const owed = async () => {
  const [row] = await world.db.primary<{ owed: number }>({
    text: 'SELECT count(*)::integer AS owed FROM notification_events',
  })
  return row!.owed
}
const rowsOf = async ({ id }: Person) =>
  world.db.primary<{ notification_id: string; entries: number; actor_count: number }>({
    text: `SELECT notification_id, actor_count,
             (SELECT count(*)::integer FROM notification_entries e WHERE e.notification_id = n.notification_id) AS entries
           FROM notifications n WHERE recipient_id = $1 ORDER BY latest_at DESC, latest_event_id DESC`,
    values: [id],
  })

/** The same event once more, as if it had been owed twice. */
const likeEvent = (photoId: string, actor = ann) =>
  world.db.transaction((tx) =>
    oweNotification(tx, { recipientId: owner.id, kind: 'like', actorId: actor.id, photoId }),
  )

describe('a like', () => {
  it('owes one event with its commit, and none when it is repeated', async () => {
    const photoId = await newPhoto()
    await world.write()
    await world.like(ann, photoId)
    await world.like(ann, photoId)
    expect(await owed()).toBe(1)
    await world.unlike(ann, photoId)
    expect(await owed()).toBe(1)
    await world.write()
    expect(await owed()).toBe(0)
  })

  it('runs no statement more for it', async () => {
    const photoId = await newPhoto()
    const statements: string[] = []
    const noting = (query: Query): Query =>
      ((statement) => {
        statements.push(statement.text)
        return query(statement)
      }) satisfies Query
    const db: Database = {
      ...world.db,
      transaction: (work, options) =>
        world.db.transaction(({ em, query }) => work({ em, query: noting(query) }), options),
    }
    await createLikes({ db }).like(ann.id, photoId)
    // The gate, the like with its event, the counter.
    expect(statements).toHaveLength(3)
    expect(statements.filter((text) => text.includes('notification_events'))).toHaveLength(1)
  })
})

describe('writing', () => {
  it('tells once of what is owed twice, in the same batch or later', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    await likeEvent(photoId)
    await world.write()
    await likeEvent(photoId)
    await world.write()
    expect(await rowsOf(owner)).toMatchObject([{ entries: 1, actor_count: 1 }])
  })

  it('tells of nothing twice when many write at the same moment', async () => {
    const photoId = await newPhoto()
    const people = await world.people(40)
    await Promise.all(people.map((person) => world.like(person, photoId)))
    const taken = await Promise.all(Array.from({ length: 8 }, () => world.write()))
    expect(taken.reduce((sum, events) => sum + events, 0)).toBe(40)
    expect(await rowsOf(owner)).toMatchObject([{ entries: 40, actor_count: 40 }])
  })

  it('makes one notification of likes that come while it writes', async () => {
    const photoId = await newPhoto()
    const people = await world.people(60)
    let isOver = false
    const writing = (async () => {
      while (!isOver) await world.write()
    })()
    await Promise.all(people.map((person) => world.like(person, photoId)))
    isOver = true
    await writing
    await world.write()
    expect(await rowsOf(owner)).toMatchObject([{ entries: 60, actor_count: 60 }])
    expect((await world.told(owner))[0].actorCount).toBe(60)
  })

  it('loses and repeats nothing when it dies before its commit', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    const { db } = world
    const dying = createWriteNotifications({
      announce: { written: async () => undefined },
      db: {
        transaction: (work, options) =>
          db.transaction(async (tx) => {
            await work(tx)
            throw new Error('killed')
          }, options),
      },
    })
    await expect(dying(writerOf(owner))).rejects.toThrow('killed')
    expect(await rowsOf(owner)).toEqual([])
    expect(await owed()).toBeGreaterThan(0)
    await world.write()
    expect(await rowsOf(owner)).toMatchObject([{ entries: 1 }])
  })

  it('takes an event that commits after later ones', async () => {
    const [early, late] = [await newPhoto(), await newPhoto()]
    await Promise.all([world.like(ann, early), world.like(ann, late)])
    await world.write()
    const [bob] = (await world.people(1)) as [Person]
    await world.db.transaction(async (tx) => {
      await tx.query({
        text: 'INSERT INTO likes (photo_id, user_id) VALUES ($1, $2)',
        values: [early, bob.id],
      })
      await oweNotification(tx, {
        recipientId: owner.id,
        kind: 'like',
        actorId: bob.id,
        photoId: early,
      })
      // One with a higher id is committed and written meanwhile.
      await world.like(bob, late)
      await world.write()
      expect((await world.told(owner)).map(({ photo }) => photo.id)[0]).toBe(late)
    })
    const told = await world.told(owner)
    expect(told.map(({ photo, actorCount }) => [photo.id, actorCount])).toEqual([
      [early, 2],
      [late, 2],
    ])
  })

  it('writes more than a batch, and says so when it is told to stop', async () => {
    const photoId = await newPhoto()
    const people = await world.people(5)
    await world.db.primary({
      text: `INSERT INTO notification_events (recipient_id, kinds, actor_id, photo_id)
             SELECT $1, '{like}', actor, $2 FROM unnest($3::bigint[]) actor, generate_series(1, 220)`,
      values: [owner.id, photoId, people.map(({ id }) => id)],
    })
    for (const person of people) await world.like(person, photoId)
    const write = createWriteNotifications({ db: world.db, announce: { written: async () => undefined } })
    expect(await write(writerOf(owner), AbortSignal.abort())).toEqual({ taken: 500, more: true })
    expect(await write(writerOf(owner))).toMatchObject({ taken: 605, more: false })
    expect(await rowsOf(owner)).toMatchObject([{ entries: 5 }])
  })

  it('passes over events about what does not exist', async () => {
    await world.db.primary({
      text: `INSERT INTO notification_events (recipient_id, kinds, actor_id, photo_id, album_id, item_id)
             VALUES ($1, '{like}', $2, $3, NULL, NULL), ($1, '{comment}', $2, $3, NULL, $3),
               ($1, '{album_shared}', $2, NULL, $3, NULL), ($1, '{follow}', 0, NULL, NULL, NULL),
               (0, '{follow}', $2, NULL, NULL, NULL), ($1, '{unknown}', $2, NULL, NULL, NULL)`,
      values: [owner.id, ann.id, randomUUID()],
    })
    expect(await world.write()).toBe(6)
    expect(await rowsOf(owner)).toEqual([])
  })
})

describe('what is kept', () => {
  it('of an account is its latest notifications', async () => {
    await world.db.primary({
      text: `INSERT INTO notifications (recipient_id, kind, photo_id, latest_at, latest_event_id)
             SELECT $1, 'like', gen_random_uuid(), now() - n * interval '1 minute', -n FROM generate_series(1, $2::integer) n`,
      values: [owner.id, MAX_ITEMS.notificationsPerUser + 20],
    })
    const before = await rowsOf(owner)
    await world.like(ann, await newPhoto())
    await world.write()
    const after = await rowsOf(owner)
    expect(after).toHaveLength(MAX_ITEMS.notificationsPerUser)
    expect(after.slice(1)).toEqual(before.slice(0, MAX_ITEMS.notificationsPerUser - 1))
  })

  it('of a notification is its latest entries', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    await world.write()
    const [row] = await rowsOf(owner)
    await world.db.primary({
      text: `INSERT INTO notification_entries (notification_id, event_id, actor_id)
             SELECT $1, -n, -n FROM generate_series(1, $2::integer) n`,
      values: [row!.notification_id, MAX_ITEMS.entriesPerNotification + 20],
    })
    const [bob] = (await world.people(1)) as [Person]
    await world.like(bob, photoId)
    await world.write()
    expect((await rowsOf(owner))[0]!.entries).toBe(MAX_ITEMS.entriesPerNotification)
    expect((await world.told(owner))[0].actorCount).toBe(2)
  })

  it('is swept after 90 days, with its entries', async () => {
    const photos = [await newPhoto(), await newPhoto()]
    for (const photoId of photos) await world.like(ann, photoId)
    await world.write()
    const [kept, old] = await rowsOf(owner)
    const age = (days: number, { notification_id: id }: { notification_id: string }) =>
      world.db.primary({
        text: `UPDATE notifications SET latest_at = now() - $2 * interval '1 day' WHERE notification_id = $1`,
        values: [id, days],
      })
    await age(89, kept!)
    await age(91, old!)
    expect(await sweepNotifications(world.db.primary).run()).toBe(1)
    expect(await rowsOf(owner)).toEqual([kept])
    const entries = await world.db.primary({
      text: 'SELECT FROM notification_entries WHERE notification_id = $1',
      values: [old!.notification_id],
    })
    expect(entries).toEqual([])
  })
})

describe('marking as read', () => {
  it('neither fails nor reads what is unseen, however much is written', async () => {
    const photos: string[] = []
    for (let n = 0; n < 6; n++) photos.push(await newPhoto())
    const people = await world.people(10)
    let isOver = false
    const writing = (async () => {
      while (!isOver) await world.write()
    })()
    const seen = new Map<string, number>()
    const reading = (async () => {
      while (!isOver) {
        const [first] = await world.told(owner)
        if (!first) continue
        expect(await world.markRead(owner, first.createdAt)).toBe(204)
        for (const item of await world.told(owner))
          if (item.readAt !== null) seen.set(item.id, item.actorCount)
      }
    })()
    await Promise.all(
      people.map(async (person) => {
        for (const photoId of photos) await world.like(person, photoId)
      }),
    )
    isOver = true
    await Promise.all([writing, reading])
    // What was read did not grow afterwards, and every like is in exactly one notification.
    const told = await world.told(owner)
    for (const { id, actorCount } of told) expect(seen.get(id) ?? actorCount).toBe(actorCount)
    expect(told.reduce((sum, { actorCount }) => sum + actorCount, 0)).toBe(60)
  })
})
