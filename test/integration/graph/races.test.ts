import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGraphWorld, type Acts, type GraphWorld } from '../../support/worlds/graph-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'

/** RACE_ROUNDS=1000 is the thorough size; RACE_SEED repeats a run. */
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 60)
const SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const ACCOUNTS = 3

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

const ACTS = [
  'follow',
  'follow',
  'unfollow',
  'removeFollower',
  'approve',
  'decline',
  'block',
  'unblock',
] as const satisfies readonly (keyof Acts)[]

const account = fc.nat({ max: ACCOUNTS - 1 })
const request = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constantFrom(...ACTS), who: account, whom: account }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('setPrivate' as const), who: account, isPrivate: fc.boolean() }),
  },
)
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never

describe('requests of the same accounts at once', () => {
  it(
    `leave no contradiction and never wait in a circle, seed ${SEED}`,
    async () => {
      const people = await world.people(ACCOUNTS)
      const send = (one: Request): Promise<number> =>
        'whom' in one
          ? world[one.act](people[one.who]!, people[one.whom]!)
          : world.setPrivate(people[one.who]!, one.isPrivate)
      const rounds = fc.sample(fc.array(request, { minLength: 10, maxLength: 24 }), {
        numRuns: ROUNDS,
        seed: SEED,
      })
      for (const round of rounds) {
        const statuses = await Promise.all(round.map(send))
        // A transaction that Postgres gives up because it waits in a circle is answered with 503.
        expect(statuses.filter((status) => status >= 500)).toEqual([])
        expect(await world.contradictions()).toEqual([])
        const [{ least } = { least: 0 }] = await world.db.primary<{ least: number }>({
          text: `SELECT coalesce(min(least(followers, following)), 0)::int AS least FROM (
                   SELECT sum(followers) AS followers, sum(following) AS following
                   FROM user_counters GROUP BY user_id) counts`,
        })
        expect(least).toBeGreaterThanOrEqual(0)
      }
    },
    30_000 + ROUNDS * 1_000,
  )

  it('each count once when many ask, follow, withdraw and are approved', async () => {
    const [author, ...others] = (await world.people(13)) as [Person, ...Person[]]
    await world.setPrivate(author, true)
    await Promise.all(others.map((other) => world.follow(other, author)))
    // Approved one by one, and all at once by turning public, while some withdraw.
    const statuses = await Promise.all([
      ...others.slice(0, 8).map((other) => world.approve(author, other)),
      ...others.slice(4, 12).map((other) => world.unfollow(other, author)),
      world.setPrivate(author, false),
      ...others.slice(0, 4).map((other) => world.approve(author, other)),
    ])
    expect(statuses.filter((status) => status >= 500)).toEqual([])
    expect(await world.contradictions()).toEqual([])
    const { followerCount } = await world.profile(author, author)
    expect(followerCount).toBeGreaterThanOrEqual(4)
    expect(followerCount).toBe((await world.names(author, `/users/${author.username}/followers`)).length)
  })
})

describe('an account that turns public while those who asked block it', () => {
  it('makes followers only of those whose block comes later', async () => {
    const [author, ...others] = (await world.people(9)) as [Person, ...Person[]]
    for (let n = 0; n < 12; n++) {
      await world.setPrivate(author, true)
      await Promise.all(others.map((other) => world.follow(other, author)))
      const statuses = await Promise.all([
        ...others.slice(0, 4).map((other) => world.block(other, author)),
        world.setPrivate(author, false),
        ...others.slice(4, 6).map((other) => world.block(author, other)),
        ...others.slice(6).map((other) => world.decline(author, other)),
      ])
      expect(statuses.filter((status) => status >= 500)).toEqual([])
      expect(await world.contradictions()).toEqual([])
      expect(await world.profile(author, author)).toMatchObject({ followingCount: 0 })
      await Promise.all(
        others.flatMap((other) => [world.unblock(other, author), world.unblock(author, other)]),
      )
      await Promise.all(others.map((other) => world.unfollow(other, author)))
    }
  })
})

describe('an account that turns private while many follow it', () => {
  it('gains no follower without consent once it is answered', async () => {
    const [author, ...others] = (await world.people(21)) as [Person, ...Person[]]
    for (let n = 0; n < 8; n++) {
      let isAnswered = false
      const follows = others.map(async (other, index) => {
        await new Promise((resolve) => setTimeout(resolve, index))
        const sentAfterwards = isAnswered
        const { body } = await world.call('PUT', `/v1/users/${author.username}/follow`, {
          token: other.token,
        })
        return { other, status: body.status, sentAfterwards }
      })
      expect(await world.setPrivate(author, true)).toBe(200)
      isAnswered = true
      const answers = await Promise.all(follows)
      for (const { other, status, sentAfterwards } of answers) {
        if (sentAfterwards) expect(status).toBe('requested')
        expect(await world.profile(other, author)).toMatchObject({
          relationship: { following: status === 'following', requested: status === 'requested' },
        })
      }
      expect(await world.contradictions()).toEqual([])
      await Promise.all(others.map((other) => world.unfollow(other, author)))
      await world.setPrivate(author, false)
    }
  })

  it('does not have to wait until they are through', async () => {
    const [author, ...others] = (await world.people(9)) as [Person, ...Person[]]
    const isOver = new AbortController()
    const crowd = others.map(async (other) => {
      while (!isOver.signal.aborted) {
        await world.follow(other, author)
        await world.unfollow(other, author)
      }
    })
    try {
      for (let n = 0; n < 20; n++) {
        const startedAt = performance.now()
        expect(await world.setPrivate(author, n % 2 === 0)).toBe(200)
        expect(performance.now() - startedAt).toBeLessThan(5_000)
      }
    } finally {
      isOver.abort()
      await Promise.all(crowd)
    }
    expect(await world.contradictions()).toEqual([])
  })
})
