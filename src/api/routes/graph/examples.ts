import { otherUserExample, userExample } from '../accounts/examples.ts'

/** The profile as a follower sees it. */
export const profileExample = {
  ...userExample,
  photoCount: 42,
  followerCount: 1200,
  followingCount: 180,
  relationship: { following: true, requested: false, followedBy: false, blocking: false, muting: false },
}

export const usersExample = { items: [userExample, otherUserExample], nextCursor: null }
