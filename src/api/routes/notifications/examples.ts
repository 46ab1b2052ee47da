import { albumExample } from '../albums/examples.ts'
import { commentExample } from '../engagement/examples.ts'
import { owner, photoExample } from '../photos/examples.ts'

const grace = { id: '4712', username: 'grace', displayName: null, avatarUrl: null }

export const notificationsExample = {
  items: [
    {
      id: '93',
      kind: 'like',
      actors: [grace],
      actorCount: 13,
      photo: photoExample,
      createdAt: '2026-03-09T19:45:00.000Z',
      readAt: null,
    },
    {
      id: '92',
      kind: 'mention',
      actors: [owner],
      actorCount: 1,
      photo: photoExample,
      comment: commentExample,
      createdAt: '2026-03-09T19:40:01.000Z',
      readAt: '2026-03-09T19:41:00.000Z',
    },
    {
      id: '90',
      kind: 'album_shared',
      actors: [owner],
      actorCount: 1,
      album: albumExample,
      createdAt: '2026-03-09T19:30:00.000Z',
      readAt: '2026-03-09T19:41:00.000Z',
    },
  ],
  nextCursor: null,
}

const on = { inApp: true, push: false }

export const settingsExample = {
  settings: {
    follow: on,
    follow_request: on,
    follow_approved: on,
    like: { inApp: false, push: false },
    comment: on,
    reply: on,
    mention: on,
    album_shared: on,
    drop_box: on,
    original_restored: on,
    moderation_decision: on,
    report_outcome: on,
    security: on,
    webhook_disabled: on,
    export_ready: on,
  },
}
