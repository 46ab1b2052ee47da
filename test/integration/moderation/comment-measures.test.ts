import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommentId, PhotoId } from '../../../src/domain/ids.ts'
import type { Transaction } from '../../../src/infra/db/database.ts'
import { sweepComments } from '../../../src/services/engagement/sweep-comments.ts'
import { restoreComment, takeDownComment } from '../../../src/services/moderation/measures/comment.ts'
import { settle } from '../../support/replica.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
let bob: Person
let photoId: PhotoId
beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
  bob = await world.signUp()
})
afterAll(() => world?.close())

const call = (who: Person | undefined, method: string, path: string, body?: unknown) =>
  world.call(method, `/v1${path}`, { token: who?.token, ...(body === undefined ? {} : { body }) })

async function say(who: Person, text: string, parentId?: CommentId): Promise<CommentId> {
  const { status, body } = await call(who, 'POST', `/photos/${photoId}/comments`, { text, parentId })
  if (status !== 201) throw new Error(`answered ${status}`)
  return body.comment.id
}
const apply = (measure: (tx: Transaction, id: CommentId) => Promise<void>, id: CommentId) =>
  world.db.transaction((tx) => measure(tx, id))
const statusOf = async (who: Person | undefined, id: CommentId) =>
  (await call(who, 'GET', `/comments/${id}`)).status

/** What somebody sees of the photo's comments: their ids with the counts of replies, the replies, and the photo's count. */
async function seenBy(who: Person | undefined) {
  // Whoever has not just written reads on the replica.
  await settle(world.db)
  const threads: Json[] = (await call(who, 'GET', `/photos/${photoId}/comments`)).body.items
  const replies = await Promise.all(
    threads.map(async ({ id }) => {
      const page = await call(who, 'GET', `/photos/${photoId}/comments?parentId=${id}`)
      return page.body.items.map((reply: Json) => reply.id)
    }),
  )
  const { photo } = (await call(who, 'GET', `/photos/${photoId}`)).body
  return {
    threads: threads.map(({ id, replyCount }, index) => ({ id, replyCount, replies: replies[index] })),
    count: photo.commentCount,
  }
}

/** The counts as the rows have them. */
async function counted() {
  const [row] = await world.db.primary<{ photo: number; standing: number; wrong: number }>({
    text: `SELECT (SELECT coalesce(sum(comments), 0)::int FROM photo_counters WHERE photo_id = $1) AS photo,
        count(*) FILTER (WHERE c.deleted_at IS NULL AND c.taken_down_at IS NULL AND t.deleted_at IS NULL
          AND t.taken_down_at IS NULL)::int AS standing,
        count(*) FILTER (WHERE c.parent_id IS NULL AND c.deleted_at IS NULL AND c.reply_count <> (
          SELECT count(*) FROM comments r
          WHERE r.parent_id = c.comment_id AND r.deleted_at IS NULL AND r.taken_down_at IS NULL))::int AS wrong
      FROM comments c LEFT JOIN comments t ON t.comment_id = c.parent_id WHERE c.photo_id = $1`,
    values: [photoId],
  })
  return row!
}

const freshPhoto = async () => {
  photoId = await world.seedPhoto({ ownerId: ann.id })
}

describe('a comment that is taken down', () => {
  it('is seen by its author alone, counted nowhere, and restored exactly', async () => {
    await freshPhoto()
    const thread = await say(bob, 'Fog!')
    const reply = await say(ann, 'Mist.', thread)
    const other = await say(ann, 'Haze.')
    const before = await seenBy(undefined)
    expect(before.count).toBe(3)

    await apply(takeDownComment, thread)
    await apply(takeDownComment, thread)
    for (const who of [ann, undefined]) {
      expect(await seenBy(who)).toEqual({ threads: [{ id: other, replyCount: 0, replies: [] }], count: 1 })
      expect(await statusOf(who, thread)).toBe(404)
      expect(await statusOf(who, reply)).toBe(404)
    }
    expect(await statusOf(bob, thread)).toBe(200)
    expect((await seenBy(bob)).threads[1]).toMatchObject({ id: thread, replies: [reply] })
    expect(
      (await call(bob, 'POST', `/photos/${photoId}/comments`, { text: 'No', parentId: thread })).status,
    ).toBe(422)

    await apply(restoreComment, thread)
    await apply(restoreComment, thread)
    expect(await seenBy(undefined)).toEqual(before)
  })

  it('as a reply leaves its thread, and comes back only with it', async () => {
    await freshPhoto()
    const thread = await say(ann, 'Fog!')
    const replies = [await say(bob, 'One.', thread), await say(ann, 'Two.', thread)] as const
    const before = await seenBy(undefined)
    await apply(takeDownComment, replies[0])
    expect(await seenBy(undefined)).toMatchObject({
      threads: [{ replyCount: 1, replies: [replies[1]] }],
      count: 2,
    })
    await apply(takeDownComment, thread)
    await apply(restoreComment, replies[0])
    expect(await seenBy(undefined)).toEqual({ threads: [], count: 0 })
    await apply(restoreComment, thread)
    expect(await seenBy(undefined)).toEqual(before)
  })

  it('can be deleted by its author, after which nothing restores it', async () => {
    await freshPhoto()
    const thread = await say(ann, 'Fog!')
    const reply = await say(bob, 'One.', thread)
    await apply(takeDownComment, reply)
    expect((await call(bob, 'DELETE', `/comments/${reply}`)).status).toBe(204)
    await expect(apply(restoreComment, reply)).rejects.toMatchObject({ code: 'not_found' })
    expect(await counted()).toEqual({ photo: 1, standing: 1, wrong: 0 })
    await apply(takeDownComment, thread)
    expect((await call(ann, 'DELETE', `/comments/${thread}`)).status).toBe(204)
    await expect(apply(takeDownComment, thread)).rejects.toMatchObject({ code: 'not_found' })
    expect(await counted()).toEqual({ photo: 0, standing: 0, wrong: 0 })
  })

  it('goes with its thread when housekeeping deletes that', async () => {
    await freshPhoto()
    const thread = await say(ann, 'Fog!')
    const reply = await say(bob, 'One.', thread)
    await apply(takeDownComment, reply)
    await call(ann, 'DELETE', `/comments/${thread}`)
    await sweepComments(world.db.primary, 183).run(new AbortController().signal)
    const rows = await world.db.primary({
      text: 'SELECT FROM comments WHERE comment_id = ANY ($1::uuid[])',
      values: [[thread, reply]],
    })
    expect(rows).toEqual([])
  })

  it('and replies, deletions and restorations at once leave counts that add up', async () => {
    await freshPhoto()
    const threads = await Promise.all(Array.from({ length: 4 }, (_, n) => say(ann, `Fog ${n}`)))
    const replies = await Promise.all(threads.map((thread) => say(bob, 'Mist.', thread)))
    const quietly = (work: Promise<unknown>) => work.catch(() => undefined)
    await Promise.all(
      threads.flatMap((thread, n) => [
        quietly(apply(takeDownComment, thread)),
        quietly(apply(takeDownComment, replies[n]!)),
        quietly(say(bob, 'Haze.', thread)),
        quietly(apply(restoreComment, thread)),
        n % 2 === 0
          ? call(bob, 'DELETE', `/comments/${replies[n]}`)
          : call(ann, 'DELETE', `/comments/${thread}`),
      ]),
    )
    const { photo, standing, wrong } = await counted()
    expect({ photo, wrong }).toEqual({ photo: standing, wrong: 0 })
  })
})
