/** Examples for the OpenAPI document; a test validates each one against its schema. */
export const userExample = {
  id: '4711',
  username: 'ada',
  displayName: 'Ada Lovelace',
  bio: 'Light on silver.',
  isPrivate: false,
  avatarUrl:
    'https://images.darkroom.example/variants/0193707a-3a5e-7f4b-9d3e-2f6c1a8b7e55/0/square_256.auto?a=0&o=4711.0&s=…',
  avatarSources: [
    {
      size: 256,
      url: 'https://images.darkroom.example/variants/0193707a-3a5e-7f4b-9d3e-2f6c1a8b7e55/0/square_256.auto?a=0&o=4711.0&s=…',
    },
  ],
  createdAt: '2026-03-01T08:00:00.000Z',
}

export const ownUserExample = {
  ...userExample,
  defaultCommentPolicy: 'everyone',
  readTextInPhotos: false,
  suspension: null,
}

export const quotaExample = { bytes: 53687091200, bytesUsed: 3145728, photos: 100000, photosUsed: 1 }

export const otherUserExample = {
  ...userExample,
  id: '4712',
  username: 'grace',
  displayName: null,
  bio: null,
  avatarUrl: null,
  avatarSources: [],
}

export const signedInExample = {
  user: userExample,
  accessToken: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJl',
  refreshToken: '0199a1b2-c3d4-7e5f-8a6b-000000000001.3.Jb3sV1m0p7Qx2cE9kLr5tYw8Jb3sV1m0p7Qx2cE9kLr',
  expiresIn: 300,
}

export const sessionsExample = {
  items: [
    {
      id: '0199a1b2-c3d4-7e5f-8a6b-000000000001',
      name: 'Ada’s phone',
      userAgent: 'Darkroom/2.1 (iPhone)',
      createdAt: '2026-03-01T08:00:00.000Z',
      lastUsedAt: '2026-03-09T19:30:00.000Z',
      expiresAt: '2026-04-08T19:30:00.000Z',
      current: true,
    },
  ],
  nextCursor: null,
}

export const securityEventsExample = {
  items: [
    {
      id: '0199a1b2-c3d4-7e5f-8a6b-000000000002',
      kind: 'new_device',
      userAgent: 'Darkroom/2.1 (iPhone)',
      network: '9f86d081884c7d65',
      createdAt: '2026-03-09T19:30:00.000Z',
    },
  ],
  nextCursor: null,
}

export const personalTokenExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000003',
  name: 'Nightly upload',
  scopes: ['upload'],
  createdAt: '2026-03-01T08:00:00.000Z',
  expiresAt: null,
  lastUsedAt: '2026-03-09T19:30:00.000Z',
}
