import { randomUUID } from 'node:crypto'
import { Webhook as Receiver } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WEBHOOK_EVENTS } from '../../../src/domain/webhooks.ts'
import { openApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'
import { openWebhookWorld, type WebhookWorld } from '../../support/worlds/webhook-world.ts'

let world: WebhookWorld
let ann: Person
let bob: Person

beforeAll(async () => {
  world = await openWebhookWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[ann, bob] = (await world.people(2)) as [Person, Person]
})

const make = ({ token }: Person, body: object) => world.call('POST', '/v1/me/webhooks', { token, body })
const change = ({ token }: Person, id: string, body: object) =>
  world.call('PATCH', `/v1/me/webhooks/${id}`, { token, body })
const rotate = ({ token }: Person, id: string, query = '') =>
  world.call('POST', `/v1/me/webhooks/${id}/secret${query}`, { token })
const here = (path = '/hook') => `https://127.0.0.1:${new URL(world.receiver.url).port}${path}`
const hook = (more: object = {}) => ({ url: here(), events: ['photo.ready'], ...more })

describe('webhooks', () => {
  it('are made, listed, read, changed and deleted by their account', async () => {
    const { status, body } = await make(ann, hook({ events: [...WEBHOOK_EVENTS] }))
    expect(status).toBe(201)
    expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(body.webhook).toMatchObject({ url: here(), enabled: true, failingSince: null })
    const { id } = body.webhook
    const read = await world.call('GET', `/v1/me/webhooks/${id}`, { token: ann.token })
    expect(read.body.webhook).toEqual(body.webhook)
    expect((await change(ann, id, { url: here('/other'), events: ['photo.failed'] })).body.webhook).toEqual({
      ...body.webhook,
      url: here('/other'),
      events: ['photo.failed'],
    })
    const list = await world.call('GET', '/v1/me/webhooks', { token: ann.token })
    expect(list.body.items.map((item: { id: string }) => item.id)).toEqual([id])
    expect(JSON.stringify([list.body, read.body])).not.toContain(body.secret.slice(6))
    const remove = () => world.call('DELETE', `/v1/me/webhooks/${id}`, { token: ann.token })
    expect((await remove()).status).toBe(204)
    expect((await remove()).status).toBe(404)
  })

  it('do not exist for others', async () => {
    const { id } = await world.hook(ann, ['photo.ready'])
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await world.call('DELETE', `/v1/photos/${photoId}`, { token: ann.token })
    for (const path of ['', '/deliveries'])
      expect((await world.call('GET', `/v1/me/webhooks/${id}${path}`, { token: bob.token })).status).toBe(404)
    expect((await change(bob, id, { enabled: false })).status).toBe(404)
    expect((await world.call('DELETE', `/v1/me/webhooks/${id}`, { token: bob.token })).status).toBe(404)
    const replay = `/v1/me/webhooks/${id}/deliveries/${randomUUID()}/replay`
    for (const { token } of [ann, bob]) expect((await world.call('POST', replay, { token })).status).toBe(404)
    expect((await rotate(bob, id)).status).toBe(404)
    expect(await world.webhook(ann, id)).toMatchObject({ enabled: true })
  })

  it('keep their secret out of the database and the log', async () => {
    const { id, secret } = await world.hook(ann, ['photo.ready'])
    const [row] = await world.db.primary({
      text: 'SELECT w::text AS text FROM webhooks w WHERE webhook_id = $1',
      values: [id],
    })
    expect(JSON.stringify(row)).not.toContain(secret.slice(6))
    expect(world.logLines.join('')).not.toContain(secret.slice(6))
    expect((await world.hook(ann, ['photo.ready'])).secret).not.toBe(secret)
  })

  it('are ten at most, however many are asked for at once', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => make(ann, hook())))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect(answers.find(({ status }) => status !== 201)!.body.code).toBe('quota_exceeded')
  })

  it('begin with a clean slate when they are enabled', async () => {
    const { id } = await world.hook(ann, ['photo.ready'])
    expect((await change(ann, id, { enabled: false })).body.webhook).toMatchObject({
      enabled: false,
      disabledReason: 'owner',
    })
    await world.db.primary({
      text: `UPDATE webhooks SET failing_since = now(), disabled_reason = 'failing' WHERE webhook_id = $1`,
      values: [id],
    })
    expect((await change(ann, id, { enabled: false })).body.webhook.disabledReason).toBe('failing')
    expect((await change(ann, id, { enabled: true })).body.webhook).toMatchObject({
      enabled: true,
      disabledReason: null,
      failingSince: null,
    })
  })

  it('tell their account what is done with them, and no more', async () => {
    const { id } = (await make(ann, hook())).body.webhook
    await change(ann, id, { url: here('/other') })
    await change(ann, id, { url: here('/other'), events: ['photo.failed'], enabled: false })
    await rotate(ann, id)
    await world.call('DELETE', `/v1/me/webhooks/${id}`, { token: ann.token })
    for (const refused of [
      change(bob, id, { url: here() }),
      rotate(ann, id),
      make(ann, hook({ url: 'ftp:' })),
    ])
      expect((await refused).status).toBeGreaterThanOrEqual(400)
    const { body } = await world.call('GET', '/v1/me/security-events', { token: ann.token })
    expect(body.items.map((item: { kind: string }) => item.kind)).toEqual([
      'webhook_deleted',
      'webhook_secret_rotated',
      'webhook_changed',
      'webhook_created',
    ])
  })

  it('need the key of the installation', async () => {
    const without = await openApiWorld({ WEBHOOK_KEY: '' })
    try {
      const answer = await without.call('POST', '/v1/me/webhooks', {
        token: (await without.signUp()).token,
        body: { url: 'https://example.com/', events: ['photo.ready'] },
      })
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid' } })
    } finally {
      await without.close()
    }
  })
})

describe('a secret that is rotated', () => {
  const photo = async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await world.call('DELETE', `/v1/photos/${photoId}`, { token: ann.token })
    await world.deliver()
  }
  const opened = async (...secrets: string[]) => {
    await photo()
    const [message] = world.receiver.received.splice(0)
    const { headers, body } = message!
    return secrets.map((secret) => {
      try {
        return Boolean(new Receiver(secret).verify(body.toString(), headers as Record<string, string>))
      } catch {
        return false
      }
    })
  }
  const secretAfter = async (id: string, query = '') => {
    const { status, headers, body } = await rotate(ann, id, query)
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    return body as { secret: string; webhook: Json }
  }

  it('signs beside the new one for a day', async () => {
    const { id, secret: first } = await world.hook(ann, ['photo.trashed'])
    const { secret: second, webhook } = await secretAfter(id)
    expect(second).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(await opened(first, second)).toEqual([true, true])
    expect(webhook).toEqual(await world.webhook(ann, id))
    expect(Date.parse(webhook.previousSecretsUntil) - Date.now()).toBeGreaterThan(23 * 3_600_000)
    await world.db.primary({
      text: 'UPDATE webhooks SET previous_secrets_until = now() WHERE webhook_id = $1',
      values: [id],
    })
    expect(await opened(first, second)).toEqual([false, true])
  })

  it('goes on signing when the answer was lost and another was asked for', async () => {
    const { id, secret: first } = await world.hook(ann, ['photo.trashed'])
    const [{ secret: second }, { secret: third }] = [await secretAfter(id), await secretAfter(id)]
    expect(new Set([first, second, third]).size).toBe(3)
    expect(await opened(first, second, third)).toEqual([true, true, true])
  })

  it('ends at once if it is asked for', async () => {
    const { id, secret: first } = await world.hook(ann, ['photo.trashed'])
    const { secret: second } = await secretAfter(id)
    const { secret: third, webhook } = await secretAfter(id, '?endPrevious=true')
    expect(webhook.previousSecretsUntil).toBeNull()
    expect(await opened(first, second, third)).toEqual([false, false, true])
    const { secret: fourth } = await secretAfter(id)
    expect(await opened(first, second, third, fourth)).toEqual([false, false, true, true])
  })

  it('is another one for each of two rotations at once', async () => {
    const { id, secret: first } = await world.hook(ann, ['photo.trashed'])
    const both = await Promise.all([secretAfter(id), secretAfter(id)])
    expect(await opened(first, ...both.map(({ secret }) => secret))).toEqual([true, true, true])
  })
})

describe('an address', () => {
  const blocked = [
    'https://169.254.169.254/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://10.0.0.1/',
    'https://0xa000001/',
    'https://167772161/',
    'https://localhost/',
    'https://no-such-name.invalid/',
  ]
  it.each(blocked)('is blocked: %s', async (url) => {
    const { id } = await world.hook(ann, ['photo.ready'])
    const before = await world.rowCounts()
    const answer = await make(ann, hook({ url }))
    expect(answer).toMatchObject({ status: 422, body: { code: 'blocked_address' } })
    expect(answer.body.errors[0].path).toBe('body.url')
    expect((await change(ann, id, { url })).body.code).toBe('blocked_address')
    expect((await world.webhook(ann, id)).url).toBe(here())
    expect(await world.rowCounts()).toEqual(before)
  })

  it.each([
    ['http', { url: 'http://example.com/' }, 'body.url'],
    ['a name and password', { url: 'https://ann:secret@example.com/' }, 'body.url'],
    ['another port', { url: 'https://example.com:8443/' }, 'body.url'],
    ['no URL', { url: 'example' }, 'body.url'],
    ['too long a URL', { url: `https://example.com/${'a'.repeat(2_000)}` }, 'body.url'],
    ['a URL that grows too long', { url: `https://example.com/${'ä'.repeat(700)}` }, 'body.url'],
    ['no events', { events: [] }, 'body.events'],
    ['an unknown event', { events: ['photo.liked'] }, 'body.events[0]'],
    ['an event twice', { events: ['photo.ready', 'photo.ready'] }, 'body.events'],
    ['something else', { secret: 'whsec_mine' }, 'body.secret'],
  ])('with %s is refused', async (_what, more, path) => {
    const answer = await make(ann, hook(more))
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(answer.body.errors[0].path.replace('.0', '[0]')).toBe(path)
  })
})
