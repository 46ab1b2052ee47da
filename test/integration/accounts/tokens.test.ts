import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const make = async (who: Person, more: object = {}) => {
  const body = { name: 'Nightly', scopes: ['read'], ...more }
  return world.call('POST', '/v1/me/tokens', { token: who.token, body })
}
const me = (token: string) => world.call('GET', '/v1/me', { token })

describe('personal access tokens', () => {
  it('act for their account, are listed, and end when they are deleted', async () => {
    const ann = await world.signUp()
    const { body } = await make(ann)
    expect((await me(body.secret)).body.user.id).toBe(ann.id)
    const { items } = (await world.call('GET', '/v1/me/tokens', { token: ann.token })).body
    expect(items).toMatchObject([{ id: body.token.id, name: 'Nightly', scopes: ['read'], expiresAt: null }])
    expect(items[0].lastUsedAt).not.toBeNull()
    expect(JSON.stringify(items)).not.toContain(body.secret)
    const remove = (token: string) => world.call('DELETE', `/v1/me/tokens/${body.token.id}`, { token })
    expect((await remove((await world.signUp()).token)).status).toBe(404)
    expect((await remove(ann.token)).status).toBe(204)
    expect((await me(body.secret)).status).toBe(401)
    expect((await remove(ann.token)).status).toBe(404)
  })

  it('are kept as hashes alone', async () => {
    const ann = await world.signUp()
    const { secret } = (await make(ann)).body
    const stored = await world.db.primary({
      text: 'SELECT t::text AS text FROM personal_tokens t WHERE user_id = $1',
      values: [ann.id],
    })
    expect(JSON.stringify(stored)).not.toContain(secret.slice('darkroom_'.length))
    expect(world.logLines.join('')).not.toContain(secret)
  })

  it('end at their time, and with a suspension', async () => {
    const ann = await world.signUp()
    const { body } = await make(ann, { expiresAt: new Date(Date.now() + 60_000).toISOString() })
    expect((await me(body.secret)).status).toBe(200)
    await setAccountStatus(world.db, ann.id, 'suspended')
    expect((await me(body.secret)).body.code).toBe('account_suspended')
    await setAccountStatus(world.db, ann.id, 'active')
    await world.db.primary({
      text: 'UPDATE personal_tokens SET expires_at = now() WHERE token_id = $1',
      values: [body.token.id],
    })
    expect((await me(body.secret)).body.code).toBe('token_expired')
  })

  it('are told to the account, and count', async () => {
    const ann = await world.signUp()
    const answers = await Promise.all(Array.from({ length: 52 }, () => make(ann)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50)
    expect(answers.find(({ status }) => status !== 201)!.body.code).toBe('quota_exceeded')
    const events = await world.call('GET', '/v1/me/security-events', { token: ann.token })
    expect(events.body.items[0].kind).toBe('token_created')
  })

  it.each([
    ['no scopes', { scopes: [] }],
    ['an unknown scope', { scopes: ['admin'] }],
    ['a scope twice', { scopes: ['read', 'read'] }],
    ['a blank name', { name: ' ' }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
  ])('are not made with %s', async (_what, more) => {
    expect((await make(await world.signUp(), more)).status).toBe(422)
  })

  it.each(['darkroom_', 'darkroom_abc', `darkroom_${'a'.repeat(43)}`])('are refused: %s', async (secret) => {
    expect((await me(secret)).body.code).toBe('unauthenticated')
  })
})
