import { otherUserExample, userExample } from '../accounts/examples.ts'

/** As a follower sees the profile. */
export const profileExample = {
  ...userExample,
  photoCount: 42,
  followerCount: 1200,
  followingCount: 180,
  relationship: { following: true, requested: false, followedBy: false, blocking: false, muting: false },
}

export const usersExample = { items: [userExample, otherUserExample], nextCursor: null }
