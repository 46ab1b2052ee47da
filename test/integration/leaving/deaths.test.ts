import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNT_ERASURE } from '../../../src/contracts/account-erasure.ts'
import { ownerAttribute } from '../../../src/contracts/search-attributes.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { createOwnerDocuments } from '../../../src/infra/opensearch/owner-documents.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { eventLogKey } from '../../../src/infra/redis/event-logs.ts'
import { headKey } from '../../../src/infra/redis/feed-heads.ts'
import { createOwnedExecutions } from '../../../src/infra/temporal/executions.ts'
import { createCompleteErasure } from '../../../src/services/leaving/complete-erasure.ts'
import type { Erased } from '../../../src/services/leaving/erase/step.ts'
import { erasureSteps } from '../../../src/services/leaving/erase/steps.ts'
import { createVerifyErasure } from '../../../src/services/leaving/verify-erasure.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { createPhotoObjects } from '../../../src/services/retraction/objects.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { Killed, mortals, type Death } from '../../support/mortal.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openExportWorld, type ExportWorld } from '../../support/worlds/export-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'
import { eventually } from '../../support/worlds/upload-world.ts'

/** More calls to servers than the erasure of a small account makes. */
const MOST_CALLS = 400
/** Accounts that are erased at a time: most of it is waiting for servers. */
const AT_ONCE = 16
const UNDYING: Death = { at: 0, isDone: false }

let world: NotificationWorld
/** The bucket and a Temporal namespace, where no worker runs. */
let stores: ExportWorld
beforeAll(async () => {
  stores = await openExportWorld()
  world = await openNotificationWorld()
})
afterAll(() => Promise.all([world?.close(), stores?.close()]))

/** What of an erasure runs in one process, which dies as told. */
function erasingProcess(death: Death) {
  const { redis, openSearch, config } = world.api.clients
  const { hasDied, ...clients } = mortals(
    {
      db: world.db,
      bucket: stores.objects,
      redis: { del: (key: string) => redis.del(key) },
      documents: createOwnerDocuments(openSearch, config.OPENSEARCH_INDEX_PREFIX),
      executions: createOwnedExecutions(stores.temporal, [ACCOUNT_ERASURE]),
    },
    death,
  )
  const { db, bucket } = clients
  return {
    hasDied,
    steps: erasureSteps({
      ...clients,
      // To die before or after a look is the same.
      redis: {
        exists: (key: string) => redis.exists(key),
        del: (key: string) => clients.redis.del(key),
      } as never,
      outbox: forgetful(world.db),
      objects: createPhotoObjects({ db, objects: bucket }),
    }),
    // It reads, and writes once.
    verify: createVerifyErasure(world),
    complete: createCompleteErasure({ db, evidenceDays: 183 }),
  }
}

async function must(who: Person, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await world.call(method, `/v1${path}`, { token: who.token, ...(body ? { body } : {}) })
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

interface Left {
  account: Erased
  exports: string[]
  bob: Person
  bobs: PhotoId
}

/** An account with something in every store, which has left, and whose erasure has begun. */
async function left(): Promise<Left> {
  const [ann, bob] = [await world.signUp(), await world.signUp()]
  const bobs = await world.seedPhoto({ ownerId: bob.id })
  for (const who of [ann, bob]) await world.like(who, bobs)
  const answered = await world.comment(ann, bobs, 'Answered')
  await world.comment(bob, bobs, 'A reply', answered)
  await world.comment(ann, bobs, 'Alone')
  await must(ann, 'PUT', `/users/${bob.username}/follow`)
  await must(bob, 'PUT', `/users/${ann.username}/follow`)
  await must(ann, 'POST', '/albums', { title: 'Harbour' })
  await must(ann, 'POST', '/reports', {
    subject: { type: 'photo', id: bobs },
    reason: 'spam',
    detail: 'Mine',
  })
  const exports = [await stores.ask(ann.id)]
  await stores.run(exports[0]!)
  exports.push(await stores.ask(ann.id))
  await stores.part(exports[1]!)
  await world.write()
  await leaveElsewhere(ann.id)
  const { erasure } = (
    await world.call('DELETE', '/v1/me', { token: ann.token, body: { password: ann.password } })
  ).body
  await world.db.primary({
    text: `WITH proven AS (DELETE FROM retractions WHERE owner_id = $2)
      UPDATE account_erasures SET started_at = now() WHERE erasure_id = $1`,
    values: [erasure.id, ann.id],
  })
  // What the departure is told by, which the next account's writing would else take or not.
  await world.write()
  return { account: { erasureId: erasure.id, userId: ann.id }, exports, bob, bobs }
}

/** In the stores that have no transactions with Postgres; and a photo that is erased, of which a late worker has stored something. */
async function leaveElsewhere(userId: UserId): Promise<void> {
  const { redis, openSearch, config } = world.api.clients
  for (const key of [headKey(userId), eventLogKey(userId), `rate:currentPassword:${userId}`])
    await redis.set(key, '1')
  const { photoId } = await buildPhoto(world.db, userId, { status: 'deleted' })
  await world.db.primary({
    text: `INSERT INTO photo_erasures (photo_id, owner_id, requested_at, erased_at, objects, edge_paths, search_documents)
      VALUES ($1, $2, now(), now(), 5, 8, 1)`,
    values: [photoId, userId],
  })
  await stores.objects.put(variantKey(photoId, 1, 'thumb_200', 'webp'), Buffer.from('late'), 'image/webp')
  const index = photosAlias(config.OPENSEARCH_INDEX_PREFIX)
  for (const id of [photoId, `${photoId}-2`])
    await openSearch.index({ index, id, body: { photoId, ownerId: userId } })
  for (const number of [1, 2])
    await stores.temporal.workflow.start('nobodyRunsIt', {
      workflowId: `of-${userId}/${number}`,
      taskQueue: 'of-nobody',
      typedSearchAttributes: [{ key: ownerAttribute, value: userId }],
    })
  const executions = createOwnedExecutions(stores.temporal, [ACCOUNT_ERASURE])
  await eventually(async () => (await executions.count(userId)) === 2)
}

/** Erases it by a process that dies as told, and another that goes on where it was. @returns whether it died */
async function erase({ account, exports }: Left, death: Death): Promise<boolean> {
  const first = erasingProcess(death)
  let running = first
  async function surviving<T>(work: (alive: typeof first) => Promise<T>): Promise<T> {
    try {
      return await work(running)
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      running = erasingProcess(UNDYING)
      return work(running)
    }
  }
  for (const [index, { name }] of first.steps.entries()) {
    await eventually(async () => {
      const state = await surviving(({ steps }) => steps[index]!.next(account))
      // As the workflows of the exports do.
      if (state === 'waiting' && name === 'exports') for (const id of exports) await stores.empty(id)
      return state === 'done'
    }).catch((error: unknown) => {
      throw new Error(`the step ${name} has no end`, { cause: error })
    })
  }
  expect(await surviving(({ verify }) => verify(account))).toEqual([])
  await surviving(({ complete }) => complete(account))
  return first.hasDied()
}

/** What the receipt says, and what is left. */
async function outcomeOf({ account: { erasureId, userId }, exports, bob, bobs }: Left) {
  const items = await world.db.primary({
    text: `SELECT store, what, removed::int, kept::int, under_way::int, verified_at IS NOT NULL AS is_verified
      FROM account_erasure_items WHERE erasure_id = $1 ORDER BY store, what`,
    values: [erasureId],
  })
  const [row] = await world.db.primary({
    text: `SELECT e.completed_at IS NOT NULL AS is_complete, u.status FROM account_erasures e JOIN users u USING (user_id)
      WHERE erasure_id = $1`,
    values: [erasureId],
  })
  const { redis } = world.api.clients
  const { likeCount, commentCount } = (await must(bob, 'GET', `/photos/${bobs}`)).photo
  const { followerCount, followingCount } = (await must(bob, 'GET', `/users/${bob.username}`)).user
  const { items: comments } = await must(bob, 'GET', `/photos/${bobs}/comments`)
  const objects = await Promise.all(exports.map((id) => stores.objects.head(`exports/${id}.zip`)))
  return {
    items,
    row,
    keys: await redis.exists(headKey(userId)),
    bob: { likeCount, commentCount, followerCount, followingCount },
    comments: comments.map(({ text, deleted, replyCount }: Json) => ({ text, deleted, replyCount })),
    objects,
  }
}

describe('a process that dies at any step of an erasure', () => {
  it('leaves a receipt that says what one without a death does', { timeout: 600_000 }, async () => {
    const undisturbed = await left()
    expect(await erase(undisturbed, UNDYING)).toBe(false)
    const expected = await outcomeOf(undisturbed)
    const removed = Object.fromEntries(
      expected.items.map(({ store, what, removed }) => [`${String(store)} ${String(what)}`, removed]),
    )
    expect(removed).toMatchObject({
      'postgres account_exports': 2,
      'bucket exports': 2,
      'bucket objects': 6,
      'opensearch photo documents': 3,
      'temporal workflow executions': 2,
      'redis keys': 3,
      'postgres comments': 2,
      'postgres follows': 2,
    })
    expect(expected.objects).toEqual([undefined, undefined])
    // After each call, which is before the next.
    let deaths = 0
    for (let at = 1; ; at += AT_ONCE) {
      expect(at).toBeLessThan(MOST_CALLS)
      const accounts = await Promise.all(Array.from({ length: AT_ONCE }, left))
      const died = await Promise.all(
        accounts.map((account, number) => erase(account, { at: at + number, isDone: true })),
      )
      for (const [number, account] of accounts.entries())
        expect(await outcomeOf(account), `killed after call ${at + number}`).toEqual(expected)
      deaths += died.filter(Boolean).length
      if (!died.every(Boolean)) break
    }
    expect(deaths).toBeGreaterThan(50)
  })
})
