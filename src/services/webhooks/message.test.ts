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
  ...more,
})
const verify = (secret: string, { headers, body }: ReturnType<typeof messageOf>) =>
  new Webhook(secret).verify(body.toString(), headers)

describe('a message', () => {
  it('is verified by the library of the standard', () => {
    const message = messageOf(KEY, row(), new Date())
    expect(verify(secretOf(KEY, row().webhook_id), message)).toEqual({
      type: 'photo.ready',
      timestamp: '2026-03-09T19:45:00.000Z',
      data: { photoId: row().photo_id },
    })
  })

  it.each([
    ['the secret of another webhook', secretOf(KEY, row().delivery_id), {}],
    ['the secret of another installation', secretOf('l'.repeat(40), row().webhook_id), {}],
    ['another id', secretOf(KEY, row().webhook_id), { 'webhook-id': 'msg_other' }],
  ])('is refused with %s', (_what, secret, headers) => {
    const message = messageOf(KEY, row(), new Date())
    expect(() => verify(secret, { ...message, headers: { ...message.headers, ...headers } })).toThrow(
      'signature',
    )
  })

  it('is refused when it is old, or changed', () => {
    const secret = secretOf(KEY, row().webhook_id)
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
