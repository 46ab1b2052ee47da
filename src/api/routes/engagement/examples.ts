import { owner, photoId } from '../photos/examples.ts'

export const commentExample = {
  id: '0199a1b2-d4e5-7f60-9b7c-8d9e0f1a2b3c',
  photoId,
  parentId: null,
  author: owner,
  deleted: false,
  text: 'The fog makes it, @grace!',
  mentions: [{ id: '4712', username: 'grace' }],
  replyCount: 2,
  createdAt: '2026-03-09T19:40:00.000Z',
  editedAt: null,
}

export const commentsExample = { items: [commentExample], nextCursor: null }
