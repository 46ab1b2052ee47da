import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommentId, PhotoId } from '../../src/domain/ids.ts'
import type { Visibility } from '../../src/domain/visibility.ts'
import { createComments } from '../../src/services/engagement/comments.ts'
import { createLikes } from '../../src/services/engagement/likes.ts'
import { setAccountStatus } from '../support/factories/accounts.ts'
import { follow, unfollow } from '../support/factories/follows.ts'
import { editPhoto } from '../support/factories/photos.ts'
import type { Json, Person } from '../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../support/worlds/notification-world.ts'

/** PROPERTY_RUNS (default 120) tries longer, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 4)
const SEED = process.env.PROPERTY_SEED
const ACTORS = 3
const PHOTOS = 2

const by = fc.nat(ACTORS - 1)
const photo = fc.nat(PHOTOS - 1)
const on = fc.boolean()
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('like' as const), by, photo, on }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('follow' as const), by, on }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mention' as const), by, photo }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mute' as const), by, on }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('block' as const), by, on, mine: on }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('suspend' as const), by, on }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hide' as const), photo, on }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('setting' as const),
      kind: fc.constantFrom('like' as const, 'follow' as const, 'mention' as const),
      on,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Something that somebody did, which may be told of once. */
interface Deed {
  kind: 'like' | 'follow' | 'mention'
  actor: number
  photo?: number
  commentId?: CommentId
}

const keyOf = ({ kind, actor, photo, commentId }: Deed) => [kind, actor, photo, commentId].join(' ')

/**
 * What the one recipient is told of, by a model that keeps no rows: deeds that stand, what was owed, and what was told. Each
 * story belongs to a recipient and actors of its own.
 */
class Model {
  standing = new Map<string, Deed>()
  owed: Deed[] = []
  /** By key, whether it was read. */
  told = new Map<string, { deed: Deed; read: boolean }>()
  muted = new Set<number>()
  blocked = new Set<string>()
  suspended = new Set<number>()
  /** Photos of the other account. */
  hidden = new Set<number>()
  off = new Set<string>()

  isBlocked(actor: number): boolean {
    return [true, false].some((mine) => this.blocked.has(`${mine} ${actor}`))
  }

  private isKnown(actor: number): boolean {
    return !this.muted.has(actor) && !this.isBlocked(actor) && !this.suspended.has(actor)
  }

  private mayShow(deed: Deed): boolean {
    return (
      this.standing.has(keyOf(deed)) &&
      this.isKnown(deed.actor) &&
      (deed.kind !== 'mention' || !this.hidden.has(deed.photo!))
    )
  }

  write(): void {
    for (const deed of this.owed.splice(0)) {
      const key = keyOf(deed)
      if (this.off.has(deed.kind) || this.told.has(key) || !this.mayShow(deed)) continue
      this.told.set(key, { deed, read: false })
    }
  }

  /** Of everything that may be shown, whether it was read. */
  shown(): Record<string, boolean> {
    const shown = [...this.told].filter(([, { deed }]) => this.mayShow(deed))
    return Object.fromEntries(shown.map(([key, { read }]) => [key, read]).sort())
  }

  markRead(): void {
    // What cannot be shown was written all the same, and is marked with the rest.
    for (const one of this.told.values()) one.read = true
  }
}

describe('notifications', () => {
  let world: NotificationWorld

  beforeAll(async () => {
    world = await openNotificationWorld()
  })
  afterAll(() => world?.close())

  it('are those of a model after any story', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (story) => {
        const [recipient, ...actors] = (await world.people(ACTORS + 2)) as [Person, ...Person[]]
        // Photos of the last one, where the actors mention the recipient; and of the recipient, which they like.
        const other = actors.pop()!
        const own: PhotoId[] = []
        const others: PhotoId[] = []
        for (let n = 0; n < PHOTOS; n++) {
          own.push(await world.seedPhoto({ ownerId: recipient.id }))
          others.push(await world.seedPhoto({ ownerId: other.id }))
        }
        const model = new Model()
        const take = takerOf(world, { recipient, actors, own, others }, model)
        for (const one of story) {
          await take(one)
          if (one.do === 'write' || one.do === 'read') await compare()
        }
        await take({ do: 'write' })
        await compare()

        async function compare(): Promise<void> {
          await world.write()
          model.write()
          const items = await world.told(recipient, 3)
          expect(shownBy(items, actors, own, others)).toEqual(model.shown())
          expect(await world.unread(recipient)).toBe(items.filter(({ readAt }) => readAt === null).length)
        }
      }),
      { numRuns: RUNS, ...(SEED ? { seed: Number(SEED) } : {}) },
    )
  })
})

interface Cast {
  recipient: Person
  actors: Person[]
  own: PhotoId[]
  others: PhotoId[]
}

/** The deeds that a list shows, and whether their notification was read. A deed twice is an error. */
function shownBy(
  items: Json[],
  actors: Person[],
  own: PhotoId[],
  others: PhotoId[],
): Record<string, boolean> {
  const shown = items.flatMap(({ kind, actors: names, actorCount, photo, comment, readAt }: Json) => {
    expect(names).toHaveLength(actorCount)
    return names.map(({ id }: Json): [string, boolean] => {
      const place = photo ? (kind === 'mention' ? others : own).indexOf(photo.id) : undefined
      const actor = actors.findIndex((each) => each.id === id)
      const deed = { kind, actor, ...(place === undefined ? {} : { photo: place }), commentId: comment?.id }
      return [keyOf(deed), readAt !== null]
    })
  })
  expect(new Set(shown.map(([key]) => key)).size).toBe(shown.length)
  return Object.fromEntries(shown.sort())
}

/** Takes a step in both, the service and the model. */
function takerOf(world: NotificationWorld, { recipient, actors, own, others }: Cast, model: Model) {
  const { db } = world
  const likes = createLikes({ db })
  const comments = createComments({ db })
  const made: Deed[] = []

  function stand(deed: Deed): void {
    if (model.standing.has(keyOf(deed))) return
    model.standing.set(keyOf(deed), deed)
    model.owed.push(deed)
  }

  return async function take(one: Step): Promise<void> {
    if (one.do === 'write') return
    if (one.do === 'read') {
      await world.write()
      model.write()
      await world.markRead(recipient, '2999-01-01T00:00:00Z')
      return model.markRead()
    }
    if (one.do === 'delete') {
      const deed = made[one.which % Math.max(1, made.length)]
      // Without the photo, its author does not find the comment either.
      if (!deed || model.hidden.has(deed.photo!) || !model.standing.delete(keyOf(deed))) return
      const author = { kind: 'user' as const, userId: actors[deed.actor]!.id }
      return comments.delete(await comments.get(author, deed.commentId!))
    }
    if (one.do === 'hide') {
      const visibility: Visibility = one.on ? 'private' : 'public'
      await editPhoto(db, others[one.photo]!, { visibility })
      return void model.hidden[one.on ? 'add' : 'delete'](one.photo)
    }
    if (one.do === 'setting') {
      await world.setting(recipient, { [one.kind]: { inApp: one.on } })
      return void model.off[one.on ? 'delete' : 'add'](one.kind)
    }
    return act(one)
  }

  async function act(one: Extract<Step, { by: number }>): Promise<void> {
    const actor = actors[one.by]!
    if (one.do === 'mute') {
      await (one.on ? world.mute(recipient, actor) : world.unmute(recipient, actor))
      model.muted[one.on ? 'add' : 'delete'](one.by)
    } else if (one.do === 'suspend') {
      await setAccountStatus(db, actor.id, one.on ? 'suspended' : 'active')
      model.suspended[one.on ? 'add' : 'delete'](one.by)
    } else if (one.do === 'block') {
      await blockOrNot(one)
    } else if (model.suspended.has(one.by) || model.isBlocked(one.by)) {
      // They can do nothing that the recipient could be told of.
    } else if (one.do === 'mention') {
      if (model.hidden.has(one.photo)) return
      const text = `Look, @${recipient.username}`
      const of = { text, parentId: undefined }
      const { commentId } = await comments.create(actor.id, others[one.photo]!, of)
      const deed: Deed = { kind: 'mention', actor: one.by, photo: one.photo, commentId }
      made.push(deed)
      stand(deed)
    } else if (one.do === 'follow') {
      const deed: Deed = { kind: 'follow', actor: one.by }
      await (one.on ? follow(db, actor.id, recipient.id) : unfollow(db, actor.id, recipient.id))
      if (one.on) stand(deed)
      else model.standing.delete(keyOf(deed))
    } else {
      const deed: Deed = { kind: 'like', actor: one.by, photo: one.photo }
      const photoId = own[one.photo]!
      await (one.on ? likes.like(actor.id, photoId) : likes.unlike(actor.id, photoId))
      if (one.on) stand(deed)
      else model.standing.delete(keyOf(deed))
    }
  }

  async function blockOrNot({ by: n, on: makes, mine }: Extract<Step, { do: 'block' }>): Promise<void> {
    const sides = mine ? ([recipient, actors[n]!] as const) : ([actors[n]!, recipient] as const)
    const key = `${mine} ${n}`
    if (makes) {
      await db.primary({
        text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        values: sides.map(({ id }) => id),
      })
      model.blocked.add(key)
    } else {
      await db.primary({
        text: 'DELETE FROM blocks WHERE blocker_id = $1 AND blocked_id = $2',
        values: sides.map(({ id }) => id),
      })
      model.blocked.delete(key)
    }
  }
}
