export const newSubscriptionExample = {
  endpoint: 'https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl',
  expirationTime: null,
  keys: {
    p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  },
}

export const subscriptionExample = {
  id: '0195f1a0-0000-7000-8000-00000000000f',
  service: 'updates.push.services.mozilla.com',
  current: true,
  createdAt: '2026-03-09T19:45:00.000Z',
}
