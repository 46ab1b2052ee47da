import { register, type Counter } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  begin,
  comeBack,
  providersSetting,
  REDIRECT_URI,
  type Begun,
} from '../../support/factories/external-sign-ins.ts'
import { startLyingProvider, type LyingProvider } from '../../support/servers/lying-provider.ts'
import { listen, stop } from '../../support/servers/openid-provider.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let provider: LyingProvider
let begun: Begun
let nonce: string

beforeAll(async () => {
  provider = await startLyingProvider()
  const gone = await listen()
  await stop(gone.server)
  world = await openApiWorld(providersSetting({ liar: provider, gone: { issuer: gone.origin } }))
})
beforeEach(async () => {
  begun = await begin(world, 'liar')
  nonce = new URL(begun.url).searchParams.get('nonce')!
  provider.fail(undefined)
  provider.asked()
})
afterAll(async () => {
  await world?.close()
  await provider?.stop()
})

const finish = (query: Record<string, string> = { code: 'c' }) => {
  const back = new URL(REDIRECT_URI)
  const state = new URL(begun.url).searchParams.get('state')!
  back.search = new URLSearchParams({ state, ...query }).toString()
  return comeBack(world, begun, back)
}

describe('an ID token', () => {
  it('is taken if nothing is wrong with it', async () => {
    provider.say(nonce)
    expect((await finish()).body.code).toBe('sign_up_required')
    expect(provider.asked()).toEqual(['/token', '/jwks'])
  })

  it.each([
    ['another nonce', { nonce: 'another' }],
    ['another audience', { audience: 'another' }],
    ['another issuer', { issuer: 'https://id.example.org' }],
    ['an end that has passed', { expiresAt: 1_700_000_000 }],
    ['a subject that is too long', { subject: 's'.repeat(256) }],
    ['no signature', { signedBy: 'nobody' }],
    ['the client secret as its key', { signedBy: 'the secret of the client' }],
    ['a signature of another key', { signedBy: 'a key of the header' }],
  ] as const)('is refused with %s', async (_what, lie) => {
    provider.say(nonce, lie)
    expect((await finish()).body).toMatchObject({ status: 401, code: 'provider_refused' })
    const held = await world.db.primary({ text: 'SELECT FROM external_sign_ins WHERE subject IS NOT NULL' })
    // The one of the first test.
    expect(held.length).toBeLessThanOrEqual(1)
  })

  it.each(['jku', 'x5u'] as const)('does not bring its keys along by %s', async (member) => {
    const header = { [member]: `${provider.issuer}/foreign` }
    provider.say(nonce, { signedBy: 'a key of the header', header })
    expect((await finish()).body.code).toBe('provider_refused')
    expect(provider.asked()).not.toContain('/foreign')
  })
})

/** How often a provider was asked, by step and outcome, without what never happened. */
async function askedOf(name: string): Promise<Record<string, number>> {
  const metric = register.getSingleMetric('darkroom_identity_provider_requests_total') as Counter
  const { values } = await metric.get()
  return Object.fromEntries(
    values
      .filter(({ labels, value }) => labels.provider === name && value > 0)
      .map(({ labels, value }) => [`${labels.step} ${labels.outcome}`, value]),
  )
}

describe('a provider that fails', () => {
  it('is counted by what it was asked for, and by how it failed', async () => {
    const [liar, gone] = [await askedOf('liar'), await askedOf('gone')]
    await Promise.all([1, 2].map(() => world.call('GET', '/v1/auth/gone')))
    const goneNow = await askedOf('gone')
    // One request for both who wait, unless the first was over when the second came.
    expect([1, 2]).toContain(goneNow['discovery down']! - (gone['discovery down'] ?? 0))
    provider.say(nonce, { audience: 'another' })
    await finish()
    begun = await begin(world, 'liar')
    provider.fail(500)
    await finish()
    const liarNow = await askedOf('liar')
    const more = (key: string) => liarNow[key]! - (liar[key] ?? 0)
    expect([more('token refused'), more('token down')]).toEqual([1, 1])
    expect(liarNow['discovery answered']).toBeGreaterThan(0)
  })

  it('is unavailable, and says so', async () => {
    const { status, body, headers } = await world.call('GET', '/v1/auth/gone')
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'unavailable' })
    expect(body.detail).toContain('gone does not answer')
    expect(headers.get('Retry-After')).toBe('30')
    const stored = await world.db.primary({
      text: 'SELECT FROM external_sign_ins WHERE issuer <> $1',
      values: [provider.issuer],
    })
    expect(stored).toEqual([])
  })

  it('at the end of a sign-in is unavailable, and no tokens are logged', async () => {
    provider.fail(500)
    expect((await finish({ code: 'a-code-of-the-provider' })).status).toBe(503)
    provider.fail(undefined)
    expect(world.logLines.join('')).toMatch(/sign-in not vouched for/)
    expect(world.logLines.join('')).not.toContain('a-code-of-the-provider')
  })

  it.each([
    ['server_error', 503],
    ['temporarily_unavailable', 503],
    ['invalid_scope', 401],
    ['<script>', 401],
  ])('by %s in the browser answers %i', async (error, status) => {
    const refused = await finish({ error })
    expect(refused.status).toBe(status)
    expect(refused.body.detail).not.toContain(error)
    expect(provider.asked()).toEqual([])
  })

  it('to answer with a code or an error is refused', async () => {
    expect((await finish({})).body.code).toBe('provider_refused')
  })
})
