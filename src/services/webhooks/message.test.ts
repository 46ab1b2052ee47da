import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { messageOf, secretOf, type MessageRow } from './message.ts'

const KEY = 'k'.repeat(40)
const row = (more: Partial<MessageRow> = {}): MessageRow => ({
  delivery_id: '0199a000-0000-7000-8000-000000000001',
  webhook_id: '0199a000-0000-7000-8000-000000000002',
  event: 'photo.ready',
  actor_id: null,
  photo_id: '0199a000-0000-7000-8000-000000000003',
  album_id: null,
  item_id: null,
  created_at: new Date('2026-03-09T19:45:00.000Z'),
  secret_generation: 1,
  oldest_generation: 1,
  previous_secrets_until: null,
  ...more,
})
const verify = (secret: string, { headers, body }: ReturnType<typeof messageOf>) =>
  new Webhook(secret).verify(body.toString(), headers)

describe('a message', () => {
  it('is verified by the library of the standard', () => {
    const message = messageOf(KEY, row(), new Date())
    expect(verify(secretOf(KEY, row().webhook_id, 1), message)).toEqual({
      type: 'photo.ready',
      timestamp: '2026-03-09T19:45:00.000Z',
      data: { photoId: row().photo_id },
    })
  })

  it.each([
    ['the secret of another webhook', secretOf(KEY, row().delivery_id, 1), {}],
    ['the secret of another installation', secretOf('l'.repeat(40), row().webhook_id, 1), {}],
    ['another id', secretOf(KEY, row().webhook_id, 1), { 'webhook-id': 'msg_other' }],
  ])('is refused with %s', (_what, secret, headers) => {
    const message = messageOf(KEY, row(), new Date())
    expect(() => verify(secret, { ...message, headers: { ...message.headers, ...headers } })).toThrow(
      'signature',
    )
  })

  it('is refused when it is old, or changed', () => {
    const secret = secretOf(KEY, row().webhook_id, 1)
    const old = messageOf(KEY, row(), new Date(Date.now() - 10 * 60_000))
    expect(() => verify(secret, old)).toThrow('too old')
    const { headers } = messageOf(KEY, row(), new Date())
    expect(() => verify(secret, { headers, body: Buffer.from('{}') })).toThrow('signature')
  })

  it('keeps its id and body over attempts, and is signed for each', () => {
    const [first, second] = [new Date('2026-03-09T19:45:01Z'), new Date('2026-03-09T20:45:01Z')].map((now) =>
      messageOf(KEY, row(), now),
    )
    expect(second!.body).toEqual(first!.body)
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
    expect(second!.headers['webhook-signature']).not.toBe(first!.headers['webhook-signature'])
  })

  describe('after a rotation', () => {
    const now = new Date()
    const after = (ms: number) => new Date(now.getTime() + ms)
    const opens = (generation: number, message: ReturnType<typeof messageOf>) => {
      try {
        return Boolean(verify(secretOf(KEY, row().webhook_id, generation), message))
      } catch {
        return false
      }
    }

    it.each([
      ['both secrets for a day', 2, 1, after(1_000), [false, true, true]],
      ['the new one alone afterwards', 2, 1, after(0), [false, false, true]],
      ['the new one alone if the others were ended', 2, 2, null, [false, false, true]],
      ['all that receivers may have been given', 4, 2, after(1_000), [false, false, true, true, true]],
      ['five at most', 7, 1, after(1_000), [false, false, false, true, true, true, true, true]],
    ])('is signed with %s', (_what, secretGeneration, oldest, until, expected) => {
      const message = messageOf(
        KEY,
        row({
          secret_generation: secretGeneration,
          oldest_generation: oldest,
          previous_secrets_until: until,
        }),
        now,
      )
      expect(expected.map((_, generation) => opens(generation, message))).toEqual(expected)
    })
  })

  const photo = row().photo_id
  it.each([
    ['like.received', { actor_id: '7' }, { userId: '7', photoId: photo }],
    ['follow.received', { actor_id: '7', photo_id: null }, { userId: '7' }],
    ['comment.received', { actor_id: '7', item_id: 'c' }, { userId: '7', photoId: photo, commentId: 'c' }],
    ['drop_box.received', { photo_id: null, album_id: 'a', item_id: 'p' }, { albumId: 'a', photoId: 'p' }],
    ['moderation.decided', { photo_id: null, item_id: 'd' }, { decisionId: 'd' }],
    ['export.ready', { photo_id: null, item_id: 'e' }, { exportId: 'e' }],
    ['security.new_device', { photo_id: null, item_id: 's' }, { securityEventId: 's' }],
    ['original.restored', { item_id: 'r' }, { photoId: photo }],
  ] as const)('of %s has the ids to ask for', (event, more, data) => {
    const { body } = messageOf(KEY, row({ event, ...more }), new Date())
    expect((JSON.parse(body.toString()) as { data: unknown }).data).toEqual(data)
  })
})
