import { describe, expect, it } from 'vitest'
import { ANONYMOUS, viewerKey, viewerLinkId, viewerUserId, type Viewer } from './viewer.ts'

const user: Viewer = { kind: 'user', userId: '7' }
const link: Viewer = { kind: 'link', linkId: '7' }

describe('a viewer', () => {
  it('has a key of its own, even where an account and a link share an id', () => {
    const viewers: Viewer[] = [
      ANONYMOUS,
      user,
      { kind: 'user', userId: '8' },
      link,
      { kind: 'link', linkId: '8' },
    ]
    expect(new Set(viewers.map(viewerKey)).size).toBe(viewers.length)
  })

  it('has a user id only as an account, and a link id only as a link', () => {
    expect([ANONYMOUS, user, link].map(viewerUserId)).toEqual([null, '7', null])
    expect([ANONYMOUS, user, link].map(viewerLinkId)).toEqual([null, null, '7'])
  })
})
