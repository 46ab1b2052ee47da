import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFollows, type Follows } from '../../../src/services/graph/follows.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { MAX_FOLLOWING } from '../../../src/domain/limits.ts'

const LIMIT = 3

let world: GraphWorld
let follows: Follows
beforeAll(async () => {
  world = await openGraphWorld()
  follows = createFollows({ db: world.db, outbox: forgetful(world.db), maxFollowing: LIMIT })
})
afterAll(() => world?.close())

const refused = expect.objectContaining({ code: 'quota_exceeded' })
const follow = (who: Person, whom: Person) => follows.follow(who.id, whom.username)

describe('an account', () => {
  it('follows, and has asked to follow, no more than the limit', async () => {
    const [reader, open, closed, another, last] = (await world.people(5)) as [
      Person,
      Person,
      Person,
      Person,
      Person,
    ]
    await world.setPrivate(closed, true)
    await world.setPrivate(last, true)
    expect(await follow(reader, open)).toBe('following')
    expect(await follow(reader, closed)).toBe('requested')
    expect(await follow(reader, another)).toBe('following')
    await expect(follow(reader, last)).rejects.toEqual(refused)
    // What is there already takes no place.
    expect(await follow(reader, open)).toBe('following')
    expect(await follow(reader, closed)).toBe('requested')
    expect(await world.approve(closed, reader)).toBe(204)
    await expect(follow(reader, last)).rejects.toEqual(refused)
    await follows.unfollow(reader.id, open.username)
    expect(await follow(reader, last)).toBe('requested')
    await expect(follow(reader, open)).rejects.toEqual(refused)
    // Its request becomes a follow without another place.
    expect(await world.setPrivate(last, false)).toBe(200)
    expect(await world.profile(reader, reader)).toMatchObject({ followingCount: LIMIT })
  })

  it('cannot pass the limit by following many at once', async () => {
    const [reader, ...authors] = (await world.people(11)) as [Person, ...Person[]]
    for (const author of authors.slice(0, 5)) await world.setPrivate(author, true)
    const answers = await Promise.allSettled(authors.map((author) => follow(reader, author)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(LIMIT)
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toEqual(refused)
  })

  it('is refused with 403 at the limit of the service', async () => {
    const [reader, author] = (await world.people(2)) as [Person, Person]
    await world.db.primary({
      text: `WITH made AS (
               INSERT INTO users (username, password_hash) SELECT 'f' || $1 || '-' || n, '-' FROM generate_series(1, $2::int) n
               RETURNING user_id)
             INSERT INTO follows (follower_id, followee_id) SELECT $1::bigint, user_id FROM made`,
      values: [reader.id, MAX_FOLLOWING],
    })
    const answer = await world.call('PUT', `/v1/users/${author.username}/follow`, { token: reader.token })
    expect(answer).toMatchObject({ status: 403, body: { code: 'quota_exceeded' } })
    expect(await world.profile(reader, author)).toMatchObject({ relationship: { following: false } })
  })
})
