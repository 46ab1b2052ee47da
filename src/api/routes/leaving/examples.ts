const id = '0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c'
const startsAt = '2026-03-24T08:00:00.000Z'

export const requestedErasureExample = { id, startsAt, secret: 'Jb3sV1m0p7Qx2cE9kLr5tYw8Jb3sV1m0p7Qx2cE9kLr' }

export const erasureExample = {
  id,
  state: 'done' as const,
  requestedAt: '2026-03-10T08:00:00.000Z',
  startsAt,
  completedAt: '2026-03-24T08:02:10.000Z',
  expiresAt: '2026-06-22T08:02:10.000Z',
  stores: [
    {
      store: 'bucket' as const,
      removed: [{ what: 'objects', count: 812, verifiedAt: '2026-03-24T08:02:09.000Z' }],
    },
    {
      store: 'postgres' as const,
      removed: [{ what: 'photos', count: 116, verifiedAt: '2026-03-24T08:02:09.000Z' }],
    },
  ],
  kept: [
    {
      what: 'moderation_decisions',
      count: 1,
      why: 'What was decided, under which policy and why.',
      until: '2026-09-23T08:02:10.000Z',
    },
  ],
}
