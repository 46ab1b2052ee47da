import { expect } from 'vitest'
import type { AccountStatus } from '../../../src/domain/access.ts'
import { setAccountStatus } from '../factories/accounts.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from './api-world.ts'

/** What one account can do about another, through the API. Each resolves with the status of the answer. */
export interface Acts {
  follow(who: Person, whom: Person): Promise<number>
  unfollow(who: Person, whom: Person): Promise<number>
  removeFollower(who: Person, whom: Person): Promise<number>
  approve(who: Person, whom: Person): Promise<number>
  decline(who: Person, whom: Person): Promise<number>
  block(who: Person, whom: Person): Promise<number>
  unblock(who: Person, whom: Person): Promise<number>
  mute(who: Person, whom: Person, body?: { until: string | null }): Promise<number>
  unmute(who: Person, whom: Person): Promise<number>
}

export interface GraphWorld extends ApiWorld, Acts {
  people(count: number): Promise<Person[]>
  setPrivate(who: Person, isPrivate: boolean): Promise<number>
  setStatus(who: Person, status: AccountStatus): Promise<void>
  /** From now on the account reads from the replica, as one that has not just written does. */
  readFromReplica(who: Person): Promise<void>
  /** The user, as `viewer` sees the profile; undefined if it is absent. */
  profile(viewer: Person, of: Person): Promise<Json>
  /** Whole lists, walked in small pages: the names in them. */
  names(viewer: Person, path: string): Promise<string[]>
  /** Rows that no order of requests may leave behind; see the tests of races. */
  contradictions(): Promise<Json[]>
}

/** An API world, and what accounts do about each other. */
export async function openGraphWorld(overrides: Record<string, string> = {}): Promise<GraphWorld> {
  const world = await openApiWorld(overrides)
  const act = (method: string, path: (name: string) => string) => async (who: Person, whom: Person) =>
    (await world.call(method, `/v1${path(whom.username)}`, { token: who.token })).status
  return {
    ...world,
    follow: act('PUT', (name) => `/users/${name}/follow`),
    unfollow: act('DELETE', (name) => `/users/${name}/follow`),
    removeFollower: act('DELETE', (name) => `/me/followers/${name}`),
    approve: act('PUT', (name) => `/me/follow-requests/${name}`),
    decline: act('DELETE', (name) => `/me/follow-requests/${name}`),
    block: act('PUT', (name) => `/users/${name}/block`),
    unblock: act('DELETE', (name) => `/users/${name}/block`),
    unmute: act('DELETE', (name) => `/users/${name}/mute`),
    async mute(who, whom, body) {
      const options = body === undefined ? { token: who.token } : { token: who.token, body }
      return (await world.call('PUT', `/v1/users/${whom.username}/mute`, options)).status
    },
    people: (count) => Promise.all(Array.from({ length: count }, () => world.signUp())),
    async setPrivate(who, isPrivate) {
      return (await world.call('PATCH', '/v1/me', { token: who.token, body: { isPrivate } })).status
    },
    async setStatus(who, status) {
      await setAccountStatus(world.db, who.id, status)
    },
    async readFromReplica(who) {
      await world.api.clients.redis.del(`wrote:${who.id}`)
    },
    async profile(viewer, of) {
      const { status, body } = await world.call('GET', `/v1/users/${of.username}`, { token: viewer.token })
      expect([200, 404]).toContain(status)
      return status === 200 ? body.user : undefined
    },
    async names(viewer, path) {
      const names: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const at: string = cursor === '' ? '' : `&cursor=${cursor}`
        const { status, body } = await world.call('GET', `/v1${path}?limit=2${at}`, { token: viewer.token })
        expect(status).toBe(200)
        names.push(...body.items.map(({ username }: Json) => username))
        cursor = body.nextCursor
      }
      return names
    },
    contradictions: () =>
      world.db.primary({
        text: `
          SELECT 'a follow beside a block' AS what, f.follower_id AS one, f.followee_id AS other
          FROM follows f JOIN blocks b
            ON (b.blocker_id, b.blocked_id) IN ((f.follower_id, f.followee_id), (f.followee_id, f.follower_id))
          UNION ALL
          SELECT 'a request beside a block', r.follower_id, r.followee_id
          FROM follow_requests r JOIN blocks b
            ON (b.blocker_id, b.blocked_id) IN ((r.follower_id, r.followee_id), (r.followee_id, r.follower_id))
          UNION ALL
          SELECT 'a request beside a follow', r.follower_id, r.followee_id
          FROM follow_requests r JOIN follows f USING (follower_id, followee_id)
          UNION ALL
          SELECT 'a request to a public account', r.follower_id, r.followee_id
          FROM follow_requests r JOIN users u ON u.user_id = r.followee_id JOIN users a ON a.user_id = r.follower_id
          WHERE NOT u.is_private AND a.status = 'active'
          UNION ALL
          SELECT 'a count that is not that of the rows', u.user_id, NULL
          FROM users u LEFT JOIN LATERAL (
            SELECT sum(followers) AS followers, sum(following) AS following
            FROM user_counters WHERE user_id = u.user_id) c ON true
          WHERE coalesce(c.followers, 0) <> (SELECT count(*) FROM follows WHERE followee_id = u.user_id)
            OR coalesce(c.following, 0) <> (SELECT count(*) FROM follows WHERE follower_id = u.user_id)`,
      }),
  }
}
