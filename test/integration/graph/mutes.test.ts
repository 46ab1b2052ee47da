import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepMutes } from '../../../src/services/graph/sweep-mutes.ts'
import { lockAwaited } from '../../support/worlds/feed-world.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

const MINUTE_MS = 60_000
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS).toISOString()
const listed = async (who: Person) =>
  (await world.call('GET', '/v1/me/mutes', { token: who.token })).body.items.map(
    ({ username, until }: Json) => [username, until],
  )
const expire = (muter: Person) =>
  world.db.primary({
    text: `UPDATE mutes SET until = now() - interval '1 s' WHERE muter_id = $1 AND until IS NOT NULL`,
    values: [muter.id],
  })

describe('a mute', () => {
  it('hides an account from the feed and from nothing else', async () => {
    const [reader, author] = (await world.people(2)) as [Person, Person]
    await world.follow(reader, author)
    const photoId = await world.seedPhoto({ ownerId: author.id })
    const fed = async () =>
      (await world.call('GET', '/v1/feed', { token: reader.token })).body.items.map(({ id }: Json) => id)
    expect(await fed()).toEqual([photoId])
    expect(await world.mute(reader, author)).toBe(204)
    expect(await fed()).toEqual([])
    expect((await world.call('GET', `/v1/photos/${photoId}`, { token: reader.token })).status).toBe(200)
    expect(await world.profile(reader, author)).toMatchObject({
      photoCount: 1,
      relationship: { following: true, muting: true },
    })
    for (let n = 0; n < 2; n++) expect(await world.unmute(reader, author)).toBe(204)
    expect(await fed()).toEqual([photoId])
    expect(await world.profile(reader, author)).toMatchObject({ relationship: { muting: false } })
  })

  it('lasts for good or for a time, as the last request says', async () => {
    const [muter, muted] = (await world.people(2)) as [Person, Person]
    const [soon, later] = [inMinutes(1), inMinutes(60)]
    for (const [body, until] of [
      [undefined, null],
      [{ until: soon }, soon],
      [{ until: later }, later],
      [{ until: null }, null],
      [{}, null],
    ] as const) {
      expect(await world.mute(muter, muted, body as { until: string | null })).toBe(204)
      expect(await listed(muter)).toEqual([[muted.username, until]])
    }
    expect(await listed(muted)).toEqual([])
  })

  it.each([
    ['in the past', { until: inMinutes(-1) }],
    ['without an offset', { until: '2099-01-01T00:00:00' }],
    ['of another type', { until: 1 }],
    ['under another name', { untill: null }],
  ])('refuses an end %s', async (_what, body) => {
    const [muter, muted] = (await world.people(2)) as [Person, Person]
    const refused = await world.call('PUT', `/v1/users/${muted.username}/mute`, { token: muter.token, body })
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(refused.body.errors[0].path).toBe(`body.${Object.keys(body)[0]}`)
    expect(await listed(muter)).toEqual([])
  })

  it('refuses a body that is not JSON', async () => {
    const [muter, muted] = (await world.people(2)) as [Person, Person]
    const call = (raw: string) =>
      world.call('PUT', `/v1/users/${muted.username}/mute`, { token: muter.token, raw })
    expect(await call('{')).toMatchObject({ status: 400, body: { code: 'malformed' } })
    expect((await call('')).status).toBe(204)
  })

  it('that has run out is neither listed nor shown, and goes in a sweep', async () => {
    const [muter, first, second] = (await world.people(3)) as [Person, Person, Person]
    await world.mute(muter, first, { until: inMinutes(60) })
    await world.mute(muter, second)
    await expire(muter)
    expect(await listed(muter)).toEqual([[second.username, null]])
    expect(await world.profile(muter, first)).toMatchObject({ relationship: { muting: false } })
    const sweep = sweepMutes(world.db.primary)
    expect(await sweep.run()).toBe(1)
    expect(await sweep.run()).toBe(0)
    const rows = await world.db.primary({
      text: 'SELECT muted_id FROM mutes WHERE muter_id = $1',
      values: [muter.id],
    })
    expect(rows).toEqual([{ muted_id: second.id }])
  })

  it('that is renewed while a sweep waits for it is kept', async () => {
    const [muter, muted] = (await world.people(2)) as [Person, Person]
    await world.mute(muter, muted, { until: inMinutes(60) })
    await expire(muter)
    const swept = await world.db.transaction(async ({ query }) => {
      await query({ text: 'UPDATE mutes SET until = NULL WHERE muter_id = $1', values: [muter.id] })
      const running = sweepMutes(world.db.primary).run()
      await lockAwaited(world.db, '%DELETE FROM mutes%')
      return { running }
    })
    expect(await swept.running).toBe(0)
    expect(await listed(muter)).toEqual([[muted.username, null]])
  })

  it('is listed latest first, while the account exists for the viewer', async () => {
    const [muter, ...muted] = (await world.people(4)) as [Person, ...Person[]]
    for (const one of muted) await world.mute(muter, one)
    const names = () => world.names(muter, '/me/mutes')
    expect(await names()).toEqual(muted.toReversed().map(({ username }) => username))
    await world.setStatus(muted[0]!, 'suspended')
    await world.block(muted[1]!, muter)
    await world.block(muter, muted[2]!)
    expect(await names()).toEqual([muted[2]!.username])
    for (const hidden of [muted[0]!, muted[1]!]) expect(await world.unmute(muter, hidden)).toBe(404)
    expect(await world.unmute(muter, muted[2]!)).toBe(204)
    expect(await names()).toEqual([])
  })
})
