import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DarkroomError } from '../../src/domain/errors.ts'
import type { CommentId, PhotoId } from '../../src/domain/ids.ts'
import type { UserViewer } from '../../src/domain/viewer.ts'
import { createComments, type Comments } from '../../src/services/engagement/comments.ts'
import { createLikes, type Likes } from '../../src/services/engagement/likes.ts'
import { sweepComments } from '../../src/services/engagement/sweep-comments.ts'
import { openApiWorld, type ApiWorld, type Person } from '../support/worlds/api-world.ts'

/** PROPERTY_RUNS (default 120) tries longer, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 4)
const SEED = process.env.PROPERTY_SEED
const PEOPLE = 4
const PHOTOS = 2

const by = fc.nat(PEOPLE - 1)
const photo = fc.nat(PHOTOS - 1)
/** Which of the comments made so far; those that an earlier step has deleted too. */
const which = fc.nat(1_000)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('like' as const), by, photo }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unlike' as const), by, photo }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('comment' as const), by, photo }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reply' as const), by, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), by, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit' as const), by, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('block' as const), by, other: by }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
interface Made {
  commentId: CommentId
  photoId: PhotoId
}

describe('likes and comments', () => {
  let world: ApiWorld
  let people: Person[]
  let likes: Likes
  let comments: Comments

  beforeAll(async () => {
    world = await openApiWorld()
    likes = createLikes({ db: world.db })
    comments = createComments({ db: world.db })
    people = []
    for (let n = 0; n < PEOPLE; n++) people.push(await world.signUp())
  })
  afterAll(() => world?.close())

  const viewerOf = (n: number): UserViewer => ({ kind: 'user', userId: people[n]!.id })

  async function take(one: Step, photos: readonly PhotoId[], made: Made[]): Promise<void> {
    if (one.do === 'sweep') {
      await sweepComments(world.db.primary, 183).run()
      return
    }
    const viewer = viewerOf(one.by)
    const remember = ({ commentId, photoId }: Made) => void made.push({ commentId, photoId })
    if (one.do === 'like') await likes.like(viewer.userId, photos[one.photo]!)
    else if (one.do === 'unlike') await likes.unlike(viewer.userId, photos[one.photo]!)
    else if (one.do === 'comment') {
      const of = { text: `hello @${people[0]!.username}`, parentId: undefined }
      remember(await comments.create(viewer.userId, photos[one.photo]!, of))
    } else if (one.do === 'block') {
      if (one.by === one.other) return
      await world.db.primary({
        text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        values: [viewer.userId, people[one.other]!.id],
      })
    } else {
      const target = made[one.which % Math.max(1, made.length)]
      if (!target) return
      if (one.do === 'reply') {
        const of = { text: 'reply', parentId: target.commentId }
        remember(await comments.create(viewer.userId, target.photoId, of))
      } else {
        const found = await comments.get(viewer, target.commentId)
        if (one.do === 'delete') await comments.delete(found)
        else await comments.edit(found, 'edited', undefined)
      }
    }
  }

  it('are counted exactly after any operations at the same time', async () => {
    const stories = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(stories, async (rounds) => {
        await world.db.primary({ text: 'DELETE FROM blocks' })
        const photos: PhotoId[] = []
        for (let n = 0; n < PHOTOS; n++) photos.push(await world.seedPhoto({ ownerId: people[n]!.id }))
        const made: Made[] = []
        for (const round of rounds) {
          await Promise.all(round.map((one) => take(one, photos, made).catch(ignoreRefused)))
          for (const photoId of photos) {
            const rows = await countRows(photoId)
            const counts = await countersOf(photoId)
            expect(counts).toEqual({ likes: rows.likes, comments: rows.comments })
            expect(rows.wrongReplyCounts).toBe(0)
            expect(rows.repliesOfReplies).toBe(0)
          }
        }
      }),
      { numRuns: RUNS, ...(SEED ? { seed: Number(SEED) } : {}) },
    )
  })

  /** What a count of the rows says; a reply lives as long as its parent. */
  async function countRows(photoId: PhotoId) {
    const [row] = await world.db.primary<{
      likes: number
      comments: number
      wrongReplyCounts: number
      repliesOfReplies: number
    }>({
      text: `
        WITH live AS (
          SELECT c.* FROM comments c LEFT JOIN comments t ON t.comment_id = c.parent_id
          WHERE c.photo_id = $1 AND c.deleted_at IS NULL AND t.deleted_at IS NULL)
        SELECT (SELECT count(*)::int FROM likes WHERE photo_id = $1) AS likes,
          (SELECT count(*)::int FROM live) AS comments,
          (SELECT count(*)::int FROM live t WHERE t.reply_count <> (
            SELECT count(*) FROM live r WHERE r.parent_id = t.comment_id)) AS "wrongReplyCounts",
          (SELECT count(*)::int FROM live r JOIN comments t ON t.comment_id = r.parent_id
            WHERE t.parent_id IS NOT NULL) AS "repliesOfReplies"`,
      values: [photoId],
    })
    return row!
  }

  async function countersOf(photoId: PhotoId) {
    const [row] = await world.db.primary<{ likes: number; comments: number }>({
      text: `SELECT coalesce(sum(likes), 0)::int AS likes, coalesce(sum(comments), 0)::int AS comments
             FROM photo_counters WHERE photo_id = $1`,
      values: [photoId],
    })
    return row!
  }
})

/** Deleted or blocked meanwhile, or a reply to a reply: refused, and nothing is stored. */
function ignoreRefused(error: unknown): void {
  const isRefusal =
    error instanceof DarkroomError && ['not_found', 'forbidden', 'invalid'].includes(error.code)
  if (!isRefusal) throw error
}
