import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createBrowser } from '../../support/servers/browser.ts'
import { openApiWorld, type Person } from '../../support/worlds/api-world.ts'
import { openWebPushWorld, type WebPushWorld } from '../../support/worlds/web-push-world.ts'

let world: WebPushWorld
let ann: Person
let bob: Person

beforeAll(async () => {
  world = await openWebPushWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[ann, bob] = (await world.people(2)) as [Person, Person]
})

const add = ({ token }: Person, body: object) =>
  world.call('POST', '/v1/me/push-subscriptions', { token, body })
const remove = ({ token }: Person, endpoint: string) =>
  world.call('DELETE', '/v1/me/push-subscriptions', { token, body: { endpoint } })
const list = async ({ token }: Person, limit = 100) =>
  (await world.call('GET', `/v1/me/push-subscriptions?limit=${limit}`, { token })).body
const browser = () => createBrowser(world.endpoint()).subscription

describe('push subscriptions', () => {
  it('are made by a device, listed without their address, and removed', async () => {
    const one = browser()
    const { status, body } = await add(ann, one)
    expect(status).toBe(201)
    expect(body.subscription).toMatchObject({ service: new URL(one.endpoint).host, current: true })
    expect(await add(ann, one)).toMatchObject({ status: 200, body })
    const shown = await list(ann)
    expect(shown).toEqual({ items: [body.subscription], nextCursor: null, publicKey: world.publicKey })
    expect(JSON.stringify(shown)).not.toContain(one.endpoint)
    expect((await remove(bob, one.endpoint)).status).toBe(404)
    expect((await remove(ann, one.endpoint)).status).toBe(204)
    expect((await remove(ann, one.endpoint)).status).toBe(404)
    expect((await list(ann)).items).toEqual([])
  })

  it('tell which device is the one that asks', async () => {
    await add(ann, browser())
    const { username, password } = ann
    const { body } = await world.call('POST', '/v1/sessions', { body: { username, password } })
    const phone = { ...ann, token: body.accessToken }
    await add(phone, browser())
    expect((await list(ann)).items.map(({ current }: { current: boolean }) => current)).toEqual([false, true])
    expect((await list(phone)).items.map(({ current }: { current: boolean }) => current)).toEqual([
      true,
      false,
    ])
    await world.call('DELETE', '/v1/sessions', { token: ann.token })
    expect((await list(ann)).items).toHaveLength(1)
  })

  it('of one browser belong to whoever signed in there last', async () => {
    const shared = browser()
    await add(ann, shared)
    expect((await add(bob, shared)).status).toBe(200)
    expect((await list(ann)).items).toEqual([])
    expect((await list(bob)).items).toHaveLength(1)
  })

  it('are twenty at most: the oldest leave', async () => {
    const endpoints: string[] = []
    for (let n = 0; n < 22; n++) {
      const one = browser()
      endpoints.push(one.endpoint)
      expect((await add(ann, one)).status).toBe(201)
    }
    expect((await list(ann)).items).toHaveLength(20)
    expect((await remove(ann, endpoints[1]!)).status).toBe(404)
    expect((await remove(ann, endpoints[2]!)).status).toBe(204)
    expect((await list(ann, 5)).items).toHaveLength(5)
  })

  it.each([
    'https://10.0.0.1/',
    'https://[::ffff:10.0.0.1]/',
    'https://localhost/',
    'https://no-such.invalid/',
  ])('do not lead to %s', async (endpoint) => {
    const before = await world.rowCounts()
    const answer = await add(ann, { ...browser(), endpoint })
    expect(answer).toMatchObject({ status: 422, body: { code: 'blocked_address' } })
    expect(await world.rowCounts()).toEqual(before)
  })

  const { keys } = createBrowser('https://example.com/').subscription
  it.each([
    ['http', { endpoint: 'http://example.com/' }, 'body.endpoint'],
    ['another port', { endpoint: 'https://example.com:22/' }, 'body.endpoint'],
    ['no keys', { keys: undefined }, 'body.keys'],
    ['a short key', { keys: { ...keys, p256dh: 'BA' } }, 'body.keys.p256dh'],
    [
      'a point beside the curve',
      { keys: { ...keys, p256dh: randomBytes(65).toString('base64url') } },
      'body.keys',
    ],
    ['a long secret', { keys: { ...keys, auth: 'a'.repeat(24) } }, 'body.keys.auth'],
    ['too long an endpoint', { endpoint: `https://example.com/${'a'.repeat(1_000)}` }, 'body.endpoint'],
  ])('with %s are refused', async (_what, more, path) => {
    const answer = await add(ann, { ...browser(), ...more })
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(answer.body.errors[0].path).toBe(path)
  })

  it('need keys of the installation', async () => {
    const without = await openApiWorld({ WEB_PUSH_KEY: '' })
    try {
      const { token } = await without.signUp()
      const call = (method: string, body?: object) =>
        without.call(method, '/v1/me/push-subscriptions', { token, ...(body && { body }) })
      expect((await call('GET')).body.publicKey).toBeNull()
      expect(await call('POST', browser())).toMatchObject({ status: 422, body: { code: 'invalid' } })
    } finally {
      await without.close()
    }
  })
})
