import { describe, expect, it } from 'vitest'
import { COMMENT_POLICIES, mayComment, mayDeleteComment } from './comments.ts'

describe('who may comment', () => {
  it.each([
    ['everyone', { stranger: true, follower: true }],
    ['followers', { stranger: false, follower: true }],
    ['nobody', { stranger: false, follower: false }],
  ] as const)('%s: %j', (policy, expected) => {
    expect({
      stranger: mayComment(policy, { isOwner: false, follows: false }),
      follower: mayComment(policy, { isOwner: false, follows: true }),
    }).toEqual(expected)
  })

  it.each(COMMENT_POLICIES)('the owner always may: %s', (policy) => {
    expect(mayComment(policy, { isOwner: true, follows: false })).toBe(true)
  })
})

describe('who may delete a comment', () => {
  const comment = { authorId: '1', photoOwnerId: '2' }
  it.each([
    ['1', false, true],
    ['2', false, true],
    ['3', false, false],
    ['3', true, true],
  ])('account %s, moderator %s: %s', (userId, isModerator, expected) => {
    expect(mayDeleteComment({ userId, isModerator }, comment)).toBe(expected)
  })
})
