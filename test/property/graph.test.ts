import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../support/replica.ts'
import { openGraphWorld, type GraphWorld } from '../support/worlds/graph-world.ts'
import type { Json, Person } from '../support/worlds/api-world.ts'
import { ACCOUNTS, everyone, GraphModel, story, type Act, type AccountIndex } from './graph-model.ts'

/** Quick by default; PROPERTY_RUNS=1000 is the thorough size, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 6)
/** In so many, everything that can be undone comes up. */
const RUNS_THAT_TRY_ALL = 20
const SEED = process.env.PROPERTY_SEED
const PARAMETERS = { numRuns: RUNS, ...(SEED ? { seed: Number(SEED) } : {}) }
const TIMEOUT_MS = 60_000 + RUNS * 5_000

const VISIBILITIES = ['public', 'followers'] as const
const account = fc.nat({ max: ACCOUNTS - 1 })

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

interface Cast {
  people: Person[]
  /** A photo of each account and visibility. */
  photos: Map<string, string>
}

async function newCast(): Promise<Cast> {
  const people = await world.people(ACCOUNTS)
  const photos = new Map<string, string>()
  for (const [index, { id: ownerId }] of people.entries()) {
    for (const visibility of VISIBILITIES) {
      photos.set(`${index} ${visibility}`, await world.seedPhoto({ ownerId, visibility }))
    }
  }
  return { people, photos }
}

async function perform({ people }: Cast, one: Act): Promise<number> {
  const who = people[one.who]!
  if (one.deed === 'setPrivate') return world.setPrivate(who, one.isPrivate)
  if (one.deed === 'setStatus') {
    await world.setStatus(who, one.status)
    return 204
  }
  return world[one.deed](who, people[one.whom]!)
}

/** What an account sees of one of them. */
interface View {
  profile: Json
  followers: string[] | number
  following: string[] | number
  photos: string[] | number
}

/** What an account sees of all of them, in one order. */
interface Views {
  of: View[]
  requests: string[]
  blocks: string[]
  mutes: string[]
  photos: string[]
  feed: string[]
}

const sorted = (values: Iterable<string>) => [...values].sort()

async function viewsOf({ people, photos }: Cast, viewer: Person): Promise<Views> {
  const get = async (path: string, keyOf: (item: Json) => string): Promise<string[] | number> => {
    const { status, body } = await world.call('GET', `/v1${path}`, { token: viewer.token })
    return status === 200 ? sorted(body.items.map(keyOf)) : status
  }
  const nameOf = ({ username }: Json) => username
  const idOf = ({ id }: Json) => id
  const list = async (path: string, keyOf: (item: Json) => string) => (await get(path, keyOf)) as string[]
  return {
    of: await Promise.all(
      people.map(async ({ username }) => {
        const { status, body } = await world.call('GET', `/v1/users/${username}`, { token: viewer.token })
        const { followerCount, followingCount, photoCount, relationship, isPrivate } = body.user ?? {}
        return {
          profile:
            status === 200
              ? { followerCount, followingCount, photoCount, relationship, isPrivate }
              : { status },
          followers: await get(`/users/${username}/followers`, nameOf),
          following: await get(`/users/${username}/following`, nameOf),
          photos: await get(`/users/${username}/photos`, idOf),
        }
      }),
    ),
    requests: await list('/me/follow-requests', nameOf),
    blocks: await list('/me/blocks', nameOf),
    mutes: await list('/me/mutes', nameOf),
    photos: await list(`/photos?ids=${[...photos.values()].join()}`, idOf),
    feed: await list('/feed', idOf),
  }
}

function expectedViews({ people, photos }: Cast, model: GraphModel, viewer: AccountIndex): Views {
  const named = (accounts: AccountIndex[]) => sorted(accounts.map((index) => people[index]!.username))
  const photosThat = (belong: (of: AccountIndex, visibility: 'public' | 'followers') => boolean) =>
    sorted(
      everyone.flatMap((of) =>
        VISIBILITIES.filter((visibility) => belong(of, visibility)).map((visibility) =>
          photos.get(`${of} ${visibility}`)!,
        ),
      ),
    )
  return {
    of: everyone.map((of) => {
      const seen = photosThat((owner, visibility) => owner === of && model.maySee(viewer, of, visibility))
      const { length: photoCount } = seen
      const followers = named(model.followers(viewer, of))
      const following = named(model.following(viewer, of))
      const isOpen = !model.isPrivate.has(of) || viewer === of || model.relationship(viewer, of).following
      const refusal = model.exists(viewer, of) ? (isOpen ? undefined : 403) : 404
      return {
        profile: model.hasProfile(viewer, of)
          ? {
              followerCount: followers.length,
              followingCount: following.length,
              photoCount,
              relationship: model.relationship(viewer, of),
              isPrivate: model.isPrivate.has(of),
            }
          : { status: 404 },
        followers: refusal ?? followers,
        following: refusal ?? following,
        photos: refusal ?? seen,
      }
    }),
    requests: named(model.received(viewer)),
    blocks: named(model.blocked(viewer)),
    mutes: named(model.muted(viewer)),
    photos: photosThat((of, visibility) => model.maySee(viewer, of, visibility)),
    feed: photosThat((of, visibility) => model.isFed(viewer, of, visibility)),
  }
}

/** A suspended account cannot act or look. */
const isAwake = (model: GraphModel, index: AccountIndex) => !model.suspended.has(index)

async function live(cast: Cast, model: GraphModel, acts: readonly Act[]): Promise<void> {
  for (const one of acts) {
    if (one.deed !== 'setStatus' && !isAwake(model, one.who)) continue
    const expected = model.perform(one)
    expect(await perform(cast, one), JSON.stringify(one)).toBe(expected)
  }
}

describe('the graph', () => {
  it(
    'is what its model says, whatever was done, from wherever it is read',
    async () => {
      await fc.assert(
        fc.asyncProperty(story, fc.boolean(), async (acts, onReplica) => {
          const cast = await newCast()
          const model = new GraphModel()
          await live(cast, model, acts)
          if (onReplica) {
            await settle(world.db)
            for (const person of cast.people) await world.readFromReplica(person)
          }
          for (const viewer of everyone.filter((index) => isAwake(model, index))) {
            const views = await viewsOf(cast, cast.people[viewer]!)
            expect(views).toEqual(expectedViews(cast, model, viewer))
          }
        }),
        PARAMETERS,
      )
      expect(await world.contradictions()).toEqual([])
    },
    TIMEOUT_MS,
  )

  it(
    'is as it was when something is done and undone',
    async () => {
      const tried = new Set<string>()
      await fc.assert(
        fc.asyncProperty(story, account, account, async (acts, who, whom) => {
          const cast = await newCast()
          const model = new GraphModel()
          await live(cast, model, acts)
          // Nobody is kept from looking.
          await live(
            cast,
            model,
            everyone.map((each) => ({ deed: 'setStatus', who: each, status: 'active' })),
          )
          const look = () => Promise.all(cast.people.map((person) => viewsOf(cast, person)))
          const before = await look()
          for (const [done, undone] of reversible(model, who, whom)) {
            await live(cast, model, [done])
            await live(cast, model, [undone])
            expect(await look(), JSON.stringify([done, undone])).toEqual(before)
            tried.add(done.deed)
          }
        }),
        PARAMETERS,
      )
      if (RUNS >= RUNS_THAT_TRY_ALL) expect(sorted(tried)).toEqual(['block', 'follow', 'mute', 'setPrivate'])
    },
    TIMEOUT_MS,
  )
})

/** What one account can do and undo without a trace: not a block that ends something, nor what is there already. */
function reversible(model: GraphModel, who: AccountIndex, whom: AccountIndex): [Act, Act][] {
  const pairs: [Act, Act][] = []
  const { following, requested, followedBy, blocking, muting } = model.relationship(who, whom)
  const isApart = !following && !requested && !followedBy && !model.relationship(whom, who).requested
  if (who !== whom && model.exists(who, whom)) {
    if (!following && !requested) {
      pairs.push([
        { deed: 'follow', who, whom },
        { deed: 'unfollow', who, whom },
      ])
    }
    if (!blocking && isApart) {
      pairs.push([
        { deed: 'block', who, whom },
        { deed: 'unblock', who, whom },
      ])
    }
    if (!muting) {
      pairs.push([
        { deed: 'mute', who, whom },
        { deed: 'unmute', who, whom },
      ])
    }
  }
  if (!model.isPrivate.has(who)) {
    pairs.push([
      { deed: 'setPrivate', who, isPrivate: true },
      { deed: 'setPrivate', who, isPrivate: false },
    ])
  }
  return pairs
}
