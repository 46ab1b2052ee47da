import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eraseAlbums } from '../../../src/services/leaving/erase/albums.ts'
import { eraseComments } from '../../../src/services/leaving/erase/comments.ts'
import { eraseFollows } from '../../../src/services/leaving/erase/follows.ts'
import { eraseLikes } from '../../../src/services/leaving/erase/likes.ts'
import { eraseModeration } from '../../../src/services/leaving/erase/moderation.ts'
import { eraseNotifications } from '../../../src/services/leaving/erase/notifications.ts'
import { eraseOwnRows } from '../../../src/services/leaving/erase/own-rows.ts'
import { erasePhotos } from '../../../src/services/leaving/erase/photos.ts'
import type { Erased, ErasureStep } from '../../../src/services/leaving/erase/step.ts'
import { createVerifyErasure } from '../../../src/services/leaving/verify-erasure.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'

let world: NotificationWorld
beforeAll(async () => {
  world = await openNotificationWorld()
})
afterAll(() => world?.close())

async function must(who: Person, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await world.call(method, `/v1${path}`, { token: who.token, ...(body ? { body } : {}) })
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

/** Has the account leave, and its erasure begin. */
async function leaving(who: Person): Promise<Erased> {
  const { erasure } = (
    await world.call('DELETE', '/v1/me', { token: who.token, body: { password: who.password } })
  ).body
  await world.db.primary({
    text: 'UPDATE account_erasures SET started_at = now() WHERE erasure_id = $1',
    values: [erasure.id],
  })
  return { erasureId: erasure.id, userId: who.id }
}

/** Two workers at once, one of which takes the other for dead; each goes on until nothing is left. */
async function runTwice(step: ErasureStep, account: Erased): Promise<void> {
  await Promise.all(
    [1, 2].map(async () => {
      for (let tries = 0; tries < 50; tries++) {
        // As the workflow would, after a deadlock.
        const state = await step.next(account).catch((error: unknown) => {
          if (!/deadlock/.test(String(error))) throw error
          return 'more'
        })
        if (state !== 'more') return
      }
    }),
  )
}

async function removed({ erasureId }: Erased): Promise<Record<string, number>> {
  const rows = await world.db.primary<{ what: string; removed: number }>({
    text: 'SELECT what, removed::int FROM account_erasure_items WHERE erasure_id = $1 AND removed > 0',
    values: [erasureId],
  })
  return Object.fromEntries(rows.map((row) => [row.what, row.removed]))
}

const PIECES = 620

describe('a step that two workers run at once', () => {
  it('counts each like once, and the likes of the photos are right', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const photoIds = await Promise.all(Array.from({ length: 5 }, () => world.seedPhoto({ ownerId: bob.id })))
    for (const photoId of photoIds) await must(ann, 'PUT', `/photos/${photoId}/like`)
    await must(bob, 'PUT', `/photos/${photoIds[0]}/like`)
    const account = await leaving(ann)
    await runTwice(eraseLikes(world), account)
    expect(await removed(account)).toEqual({ likes: 5 })
    const { items } = await must(bob, 'GET', `/photos?ids=${photoIds.join()}`)
    expect(items.map(({ likeCount }: Json) => likeCount).sort()).toEqual([0, 0, 0, 0, 1])
  })

  it('counts each comment once, and the comments of the photo are right', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const photoId = await world.seedPhoto({ ownerId: bob.id })
    const answered = await world.comment(ann, photoId, 'Answered')
    await world.comment(ann, photoId, 'Alone')
    await world.comment(bob, photoId, 'A reply', answered)
    const bobs = await world.comment(bob, photoId, 'By Bob')
    await world.comment(ann, photoId, 'Replied', bobs)
    const account = await leaving(ann)
    await runTwice(eraseComments(world), account)
    expect(await removed(account)).toEqual({ comments: 3 })
    expect((await must(bob, 'GET', `/photos/${photoId}`)).photo.commentCount).toBe(2)
    const { items } = await must(bob, 'GET', `/photos/${photoId}/comments`)
    expect(items.map(({ id, replyCount, deleted }: Json) => ({ id, replyCount, deleted }))).toEqual([
      { id: bobs, replyCount: 0, deleted: false },
      { id: answered, replyCount: 1, deleted: true },
    ])
    const again = await world.call('POST', `/v1/photos/${photoId}/comments`, {
      token: bob.token,
      body: { text: 'Another reply', parentId: answered },
    })
    expect(again.status).toBe(422)
    const report = { subject: { type: 'comment', id: answered }, reason: 'spam' }
    expect((await world.call('POST', '/v1/reports', { token: bob.token, body: report })).status).toBe(404)
    // Its photo's owner may take it away, which takes the reply too.
    await must(bob, 'DELETE', `/comments/${answered}`)
    expect((await must(bob, 'GET', `/photos/${photoId}`)).photo.commentCount).toBe(1)
  })

  it('counts each follow once, both ways', async () => {
    const [ann, bob, cleo] = [await world.signUp(), await world.signUp(), await world.signUp()]
    for (const other of [bob, cleo]) {
      await must(ann, 'PUT', `/users/${other.username}/follow`)
      await must(other, 'PUT', `/users/${ann.username}/follow`)
    }
    await must(bob, 'PUT', `/users/${cleo.username}/follow`)
    const account = await leaving(ann)
    await runTwice(eraseFollows(world), account)
    expect(await removed(account)).toEqual({ follows: 4 })
    const [row] = await world.db.primary({
      text: `SELECT sum(followers)::int AS followers, sum(following)::int AS following FROM user_counters WHERE user_id = $1`,
      values: [bob.id],
    })
    expect(row).toEqual({ followers: 0, following: 1 })
  })

  it('takes the account out of what others were told', async () => {
    const [ann, bob, cleo] = [await world.signUp(), await world.signUp(), await world.signUp()]
    const [both, alone] = [
      await world.seedPhoto({ ownerId: bob.id }),
      await world.seedPhoto({ ownerId: bob.id }),
    ]
    for (const who of [ann, cleo]) await world.like(who, both)
    await world.like(ann, alone)
    await world.write()
    expect(await world.told(bob)).toHaveLength(2)
    const account = await leaving(ann)
    await runTwice(eraseNotifications(world), account)
    expect(await removed(account)).toEqual({ notification_entries: 2 })
    const told = await world.told(bob)
    expect(
      told.map(({ actorCount, actors }: Json) => ({
        actorCount,
        names: actors.map((one: Json) => one.username),
      })),
    ).toEqual([{ actorCount: 1, names: [cleo.username] }])
  })

  it('empties albums bit by bit, and leaves those of others', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const { album } = await must(ann, 'POST', '/albums', { title: 'Harbour' })
    await must(ann, 'PUT', `/albums/${album.id}/members/${bob.username}`, { role: 'contributor' })
    await world.db.primary({
      text: `INSERT INTO album_activity (album_id, actor_id, kind) SELECT $1, $2, 'edited' FROM generate_series(1, $3::int)`,
      values: [album.id, bob.id, PIECES],
    })
    const bobs = (await must(bob, 'POST', '/albums', { title: 'Piers' })).album
    await must(bob, 'PUT', `/albums/${bobs.id}/members/${ann.username}`, { role: 'admin' })
    await must(ann, 'PATCH', `/albums/${bobs.id}`, { title: 'Piers and quays' })
    await must(ann, 'POST', `/albums/${bobs.id}/share-links`, {})
    const account = await leaving(ann)
    await runTwice(eraseAlbums({ db: world.db, outbox: forgetful(world.db) }), account)
    const { album_activity: activity, ...others } = await removed(account)
    expect(others).toEqual({ albums: 1, album_members: 1, share_links: 1 })
    expect(activity).toBeGreaterThanOrEqual(PIECES)
    const { items } = await must(bob, 'GET', '/me/albums')
    expect(items.map(({ id }: Json) => id)).toEqual([bobs.id])
    const { items: entries } = await must(bob, 'GET', `/albums/${bobs.id}/activity`)
    expect(entries.map(({ kind }: Json) => kind)).toEqual(['created'])
  })

  it('deletes rows in batches, and counts each once', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await world.db.primary({
      text: `INSERT INTO security_events (security_event_id, user_id, kind, network)
        SELECT gen_random_uuid(), user_id, 'new_device', '\\x00' FROM unnest($1::bigint[]) AS given (user_id), generate_series(1, $2::int)`,
      values: [[ann.id, bob.id], PIECES],
    })
    await must(ann, 'POST', '/me/tokens', { name: 'Nightly', scopes: ['read'] })
    const account = await leaving(ann)
    await runTwice(eraseOwnRows(world), account)
    expect(await removed(account)).toMatchObject({ sessions: 1, personal_tokens: 1 })
    expect((await removed(account))['security_events']).toBeGreaterThanOrEqual(PIECES)
    const [left] = await world.db.primary({
      text: 'SELECT count(*)::int AS events FROM security_events WHERE user_id = $1',
      values: [bob.id],
    })
    expect(left!['events']).toBe(PIECES)
  })
})

describe('what moderation reviews', () => {
  it('stays, hidden, until its case is closed', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const photoId = await world.seedPhoto({ ownerId: ann.id, caption: 'Reviewed' })
    const other = await world.seedPhoto({ ownerId: ann.id })
    const bobs = await world.seedPhoto({ ownerId: bob.id })
    const commentId = await world.comment(ann, bobs, 'Reviewed as well')
    await must(bob, 'POST', '/reports', { subject: { type: 'photo', id: photoId }, reason: 'spam' })
    await must(bob, 'POST', '/reports', { subject: { type: 'comment', id: commentId }, reason: 'spam' })
    await must(ann, 'POST', '/reports', {
      subject: { type: 'photo', id: bobs },
      reason: 'spam',
      detail: 'My own words',
    })
    const account = await leaving(ann)
    const steps = [
      erasePhotos({ db: world.db, outbox: forgetful(world.db) }),
      eraseComments(world),
      eraseModeration(world),
    ]
    for (const step of steps) while ((await step.next(account)) === 'more');
    const statusOf = async (id: string) => {
      const [row] = await world.db.primary<{ status: string }>({
        text: 'SELECT status FROM photos WHERE photo_id = $1',
        values: [id],
      })
      return row!.status
    }
    expect([await statusOf(photoId), await statusOf(other)]).toEqual(['trashed', 'deleted'])
    const textOf = async () => {
      const [row] = await world.db.primary({
        text: 'SELECT text, deleted_at IS NOT NULL AS deleted FROM comments WHERE comment_id = $1',
        values: [commentId],
      })
      return row
    }
    expect(await textOf()).toEqual({ text: 'Reviewed as well', deleted: true })
    expect((await must(bob, 'GET', `/photos/${bobs}/comments`)).items).toEqual([])
    const [report] = await world.db.primary({
      text: 'SELECT detail FROM reports WHERE reporter_id = $1',
      values: [ann.id],
    })
    expect(report).toEqual({ detail: null })

    const verify = createVerifyErasure(world)
    expect(await verify(account)).not.toContain('comments')
    await world.db.primary({
      text: `UPDATE moderation_cases SET state = 'closed', closed_at = now() WHERE owner_id = $1`,
      values: [ann.id],
    })
    expect(await verify(account)).toEqual(expect.arrayContaining(['comments', 'moderation_cases', 'photos']))
    for (const step of steps) while ((await step.next(account)) === 'more');
    expect(await statusOf(photoId)).toBe('deleted')
    expect(await textOf()).toEqual({ text: '', deleted: true })
    const quoted = await world.db.primary({
      text: `SELECT FROM moderation_cases WHERE owner_id = $1 AND evidence::text LIKE '%Reviewed%'`,
      values: [ann.id],
    })
    expect(quoted).toEqual([])
  })
})

describe('the last look', () => {
  it('finds a row that was written late', async () => {
    const ann = await world.signUp()
    const account = await leaving(ann)
    const rows = eraseOwnRows(world)
    while ((await rows.next(account)) === 'more');
    const verify = createVerifyErasure(world)
    await world.db.primary({ text: 'DELETE FROM retractions WHERE owner_id = $1', values: [ann.id] })
    expect(await verify(account)).toEqual([])
    await world.db.primary({
      text: `INSERT INTO personal_tokens (token_id, user_id, name, scopes, token_hash) VALUES ($1, $2, 'Late', '{read}', $3)`,
      values: [uuidv7(), ann.id, Buffer.from(uuidv7())],
    })
    expect(await verify(account)).toEqual(['personal_tokens'])
  })
})
