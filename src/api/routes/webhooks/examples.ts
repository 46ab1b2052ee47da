export const webhookExample = {
  id: '0195f1a0-0000-7000-8000-00000000000d',
  url: 'https://example.com/darkroom',
  events: ['photo.ready', 'comment.received'],
  enabled: true,
  disabledReason: null,
  failingSince: null,
  previousSecretsUntil: null,
  createdAt: '2026-03-09T19:45:00.000Z',
}

export const deliveryExample = {
  id: '0195f1a0-0000-7000-8000-00000000000e',
  messageId: 'msg_0195f1a0-0000-7000-8000-00000000000e',
  event: 'photo.ready',
  state: 'delivered',
  attempts: 1,
  statusCode: 204,
  failure: null,
  excerpt: null,
  createdAt: '2026-03-09T19:45:00.000Z',
  attemptedAt: '2026-03-09T19:45:00.600Z',
}
