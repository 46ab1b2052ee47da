import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NOTIFICATION_WRITERS } from '../../../src/domain/notifications.ts'
import { SECURITY_EVENT_KINDS } from '../../../src/domain/security-events.ts'
import { WEBHOOK_EVENTS } from '../../../src/domain/webhooks.ts'
import { createWriteNotifications } from '../../../src/services/notifications/write-notifications.ts'
import { publishPhoto } from '../../support/factories/photos.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openWebhookWorld, type WebhookWorld } from '../../support/worlds/webhook-world.ts'

let world: WebhookWorld
let owner: Person
let ann: Person
let bob: Person
let hookId: string

beforeAll(async () => {
  world = await openWebhookWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[owner, ann, bob] = (await world.people(3)) as [Person, Person, Person]
  hookId = (await world.hook(owner, [...WEBHOOK_EVENTS])).id
})

const call = (who: Person, method: string, path: string, body?: object) =>
  world.call(method, `/v1${path}`, { token: who.token, ...(body ? { body } : {}) })
const eventsOf = async (id = hookId) => {
  await world.write()
  return (await world.rows(id)).map(({ event }) => event)
}
const newPhoto = () => world.seedPhoto({ ownerId: owner.id })
const nothing = <Value>(values: readonly Value[]) => expect(values).toEqual([])

describe('what becomes of a photo', () => {
  it('is queued from its publication to its deletion', async () => {
    const photoId = await world.seedPhoto({ ownerId: owner.id, status: 'processing' })
    await world.db.primary({
      text: `UPDATE photos SET sha256 = decode(replace(photo_id::text, '-', ''), 'hex') WHERE photo_id = $1`,
      values: [photoId],
    })
    await publishPhoto(world.db, photoId)
    await call(owner, 'PATCH', `/photos/${photoId}`, { caption: 'Fog' })
    await call(owner, 'DELETE', `/photos/${photoId}`)
    await call(owner, 'POST', `/photos/${photoId}/restore`)
    await call(owner, 'DELETE', `/photos/${photoId}`)
    await call(owner, 'DELETE', `/photos/${photoId}?permanent=true`)
    const rows = await world.rows(hookId)
    expect(rows.map(({ event }) => event)).toEqual([
      'photo.ready',
      'photo.trashed',
      'photo.restored',
      'photo.trashed',
      'photo.deleted',
    ])
    expect(new Set(rows.map((row) => row.photo_id))).toEqual(new Set([photoId]))
  })

  it('is queued with its transaction, or not at all', async () => {
    const photoId = await newPhoto()
    const trashed = world.db.transaction(async (tx) => {
      await tx.query({ text: `UPDATE photos SET status = 'trashed' WHERE photo_id = $1`, values: [photoId] })
      throw new Error('killed')
    })
    await expect(trashed).rejects.toThrow('killed')
    nothing(await world.rows(hookId))
  })

  it('is no event of an upload that never was a photo, but that it failed', async () => {
    const setStatus = (photoId: string, status: string) =>
      world.db.primary({
        text: 'UPDATE photos SET status = $2 WHERE photo_id = $1',
        values: [photoId, status],
      })
    await setStatus(await world.seedPhoto({ ownerId: owner.id, status: 'awaiting_upload' }), 'deleted')
    nothing(await world.rows(hookId))
    await setStatus(await world.seedPhoto({ ownerId: owner.id, status: 'processing' }), 'failed')
    expect(await eventsOf()).toEqual(['photo.failed'])
  })
})

describe('what an account is told of', () => {
  it('is queued by the name of what happened', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    const commentId = await world.comment(ann, photoId, 'Fog!')
    await world.comment(owner, photoId, 'Yes.', commentId)
    await world.comment(bob, photoId, `Look, @${owner.username}`)
    await world.follow(ann, owner)
    await world.setPrivate(owner, true)
    await world.follow(bob, owner)
    await call(owner, 'POST', '/me/tokens', { name: 'A program', scopes: ['read'] })
    expect((await eventsOf()).sort()).toEqual(
      [
        ...['like.received', 'comment.received', 'comment.mentioned', 'follow.received'],
        ...['follow.requested', 'security.token_created'],
      ].sort(),
    )
    const rows = await world.rows(hookId)
    expect(rows.find(({ event }) => event === 'comment.received')).toMatchObject({
      actor_id: ann.id,
      photo_id: photoId,
      item_id: commentId,
    })
  })

  it('is queued for each kind of security event', async () => {
    for (const kind of SECURITY_EVENT_KINDS) {
      await world.db.primary({
        text: `WITH happened AS (
                 INSERT INTO security_events (security_event_id, user_id, kind, network) VALUES (uuidv7(), $1, $2, '')
                 RETURNING security_event_id)
               INSERT INTO notification_events (recipient_id, kinds, item_id)
               SELECT $1, '{security}', security_event_id FROM happened`,
        values: [owner.id, kind],
      })
    }
    expect((await eventsOf()).sort()).toEqual(SECURITY_EVENT_KINDS.map((kind) => `security.${kind}`).sort())
  })

  it('is queued whatever the account turned off in the app', async () => {
    await world.setting(owner, { like: { inApp: false } })
    await world.like(ann, await newPhoto())
    expect(await eventsOf()).toEqual(['like.received'])
    nothing(await world.told(owner))
  })

  it('is queued for those webhooks alone that asked for it', async () => {
    const follows = await world.hook(owner, ['follow.received'])
    const off = await world.hook(owner, ['like.received'])
    await call(owner, 'PATCH', `/me/webhooks/${off.id}`, { enabled: false })
    const ofAnn = await world.hook(ann, [...WEBHOOK_EVENTS])
    await world.like(ann, await newPhoto())
    expect(await eventsOf()).toEqual(['like.received'])
    for (const { id } of [follows, off, ofAnn]) nothing(await world.rows(id))
  })

  it('is queued by the closest relation that is asked for', async () => {
    const comments = await world.hook(owner, ['comment.received'])
    await world.comment(ann, await newPhoto(), `Fog, @${owner.username}`)
    expect(await eventsOf()).toEqual(['comment.mentioned'])
    expect(await eventsOf(comments.id)).toEqual(['comment.received'])
  })

  it('is queued once, however often it is done and undone', async () => {
    const photoId = await newPhoto()
    for (let n = 0; n < 3; n++) {
      await world.like(ann, photoId)
      await world.write()
      await world.unlike(ann, photoId)
    }
    await world.like(bob, photoId)
    expect(await eventsOf()).toEqual(['like.received', 'like.received'])
  })

  it('is not queued if it may not be known', async () => {
    const photoId = await newPhoto()
    await world.like(ann, photoId)
    await world.block(owner, ann)
    await world.like(bob, photoId)
    await world.mute(owner, bob)
    nothing(await eventsOf())
    const [carl] = (await world.people(1)) as [Person]
    await world.like(carl, photoId)
    await world.unlike(carl, photoId)
    await world.like(owner, photoId)
    nothing(await eventsOf())
  })

  it('is not queued of what is hidden from the account', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await world.comment(bob, photoId, `Look, @${owner.username}`)
    await world.editPhoto(ann, photoId, { visibility: 'private' })
    nothing(await eventsOf())
  })

  it('is queued with its notification, or not at all', async () => {
    await world.like(ann, await newPhoto())
    const [before] = await world.db.primary({ text: 'SELECT count(*) FROM notification_events' })
    const dying = createWriteNotifications({
      announce: { written: async () => undefined },
      db: {
        transaction: (work, options) =>
          world.db.transaction(async (tx) => {
            await work(tx)
            throw new Error('killed')
          }, options),
      },
    })
    await expect(dying(Number(BigInt(owner.id) % BigInt(NOTIFICATION_WRITERS)))).rejects.toThrow('killed')
    nothing(await world.rows(hookId))
    expect(await world.db.primary({ text: 'SELECT count(*) FROM notification_events' })).toEqual([before])
    expect(await eventsOf()).toEqual(['like.received'])
  })

  it('does not tell of what is unknown', async () => {
    await world.db.primary({
      text: `INSERT INTO notification_events (recipient_id, kinds, item_id)
             VALUES ($1, '{security}', $2), ($1, '{unknown}', $2), ($1, '{webhook_disabled}', $2)`,
      values: [owner.id, randomUUID()],
    })
    nothing(await eventsOf())
  })
})
