import { owner, photoExample, photoId } from '../photos/examples.ts'

const albumId = '0199a1b2-c3d4-7a1b-9c0d-1e2f3a4b5c6d'

export const albumTextsExample = { title: 'Zürich, March', description: 'Three days in fog.' }

/** The album as a contributor sees it. */
export const albumExample = {
  id: albumId,
  owner,
  ...albumTextsExample,
  visibility: 'followers',
  order: 'position',
  role: 'contributor',
  photoCount: 212,
  cover: photoExample,
  createdAt: '2026-03-09T20:00:00.000Z',
}

export const albumsExample = { items: [albumExample], nextCursor: null }

const grace = { id: '4712', username: 'grace', displayName: null, avatarUrl: null }

export const memberExample = { user: grace, role: 'contributor', addedAt: '2026-03-09T20:05:00.000Z' }

export const membersExample = {
  items: [{ user: owner, role: 'owner', addedAt: '2026-03-09T20:00:00.000Z' }, memberExample],
  nextCursor: null,
}

export const activityExample = {
  items: [
    {
      id: '8',
      kind: 'photo_added',
      actor: grace,
      photoId,
      user: null,
      createdAt: '2026-03-09T20:10:00.000Z',
    },
    {
      id: '7',
      kind: 'member_added',
      actor: owner,
      photoId: null,
      user: grace,
      createdAt: '2026-03-09T20:05:00.000Z',
    },
  ],
  nextCursor: null,
}
