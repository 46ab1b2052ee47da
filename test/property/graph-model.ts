import fc from 'fast-check'

/** What the graph of a few accounts is, and what every request does to it: written again, without locks or SQL. */
export const ACCOUNTS = 3

export type AccountIndex = number
const account = fc.nat({ max: ACCOUNTS - 1 })

const DEEDS = {
  follow: 8,
  unfollow: 2,
  removeFollower: 2,
  approve: 4,
  decline: 2,
  block: 2,
  unblock: 2,
  mute: 2,
  unmute: 1,
} as const
type Deed = keyof typeof DEEDS

const act = fc.oneof(
  ...Object.entries(DEEDS).map(([deed, weight]) => ({
    weight,
    arbitrary: fc.record({ deed: fc.constant(deed as Deed), who: account, whom: account }),
  })),
  {
    weight: 4,
    arbitrary: fc.record({
      deed: fc.constant('setPrivate' as const),
      who: account,
      isPrivate: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      deed: fc.constant('setStatus' as const),
      who: account,
      status: fc.constantFrom(
        'active' as const,
        'suspended' as const,
        'deactivated' as const,
        'erasing' as const,
      ),
    }),
  },
)
export type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

/** Some accounts are private from the beginning, so that requests come up. */
export const story: fc.Arbitrary<Act[]> = fc
  .tuple(
    fc.array(fc.boolean(), { minLength: ACCOUNTS, maxLength: ACCOUNTS }),
    fc.array(act, { minLength: 5, maxLength: 40 }),
  )
  .map(([arePrivate, acts]) => [
    ...arePrivate.map((isPrivate, who): Act => ({ deed: 'setPrivate', who, isPrivate })),
    ...acts,
  ])

const pair = (one: AccountIndex, other: AccountIndex) => `${one}>${other}`

export interface Relationship {
  following: boolean
  requested: boolean
  followedBy: boolean
  blocking: boolean
  muting: boolean
}

export class GraphModel {
  readonly isPrivate = new Set<AccountIndex>()
  readonly suspended = new Set<AccountIndex>()
  readonly follows = new Set<string>()
  readonly requests = new Set<string>()
  readonly blocks = new Set<string>()
  readonly mutes = new Set<string>()

  /** @returns the status of the answer */
  perform(one: Act): number {
    if (one.deed === 'setPrivate') return this.setPrivate(one.who, one.isPrivate)
    if (one.deed === 'setStatus') {
      if (one.status === 'active') this.suspended.delete(one.who)
      else this.suspended.add(one.who)
      return 204
    }
    return this[one.deed](one.who, one.whom)
  }

  follow(who: AccountIndex, whom: AccountIndex): number {
    if (!this.exists(who, whom)) return 404
    if (who === whom) return 422
    if (this.follows.has(pair(who, whom))) return 200
    if (this.isPrivate.has(whom)) this.requests.add(pair(who, whom))
    else this.accept(who, whom)
    return 200
  }

  unfollow(who: AccountIndex, whom: AccountIndex): number {
    if (!this.exists(who, whom)) return 404
    this.part(who, whom)
    return 204
  }

  removeFollower(who: AccountIndex, whom: AccountIndex): number {
    if (!this.exists(who, whom)) return 404
    this.part(whom, who)
    return 204
  }

  approve(who: AccountIndex, whom: AccountIndex): number {
    if (!this.exists(who, whom)) return 404
    if (this.follows.has(pair(whom, who))) return 204
    if (!this.requests.has(pair(whom, who))) return 404
    this.accept(whom, who)
    return 204
  }

  decline(who: AccountIndex, whom: AccountIndex): number {
    if (!this.exists(who, whom)) return 404
    this.requests.delete(pair(whom, who))
    return 204
  }

  block(who: AccountIndex, whom: AccountIndex): number {
    if (!this.hasProfile(who, whom) && !this.blocks.has(pair(who, whom))) return 404
    if (who === whom) return 422
    this.blocks.add(pair(who, whom))
    this.part(who, whom)
    this.part(whom, who)
    return 204
  }

  unblock(who: AccountIndex, whom: AccountIndex): number {
    if (!this.hasProfile(who, whom) && !this.blocks.has(pair(who, whom))) return 404
    this.blocks.delete(pair(who, whom))
    return 204
  }

  mute(who: AccountIndex, whom: AccountIndex): number {
    if (!this.hasProfile(who, whom)) return 404
    if (who === whom) return 422
    this.mutes.add(pair(who, whom))
    return 204
  }

  unmute(who: AccountIndex, whom: AccountIndex): number {
    if (!this.hasProfile(who, whom)) return 404
    this.mutes.delete(pair(who, whom))
    return 204
  }

  setPrivate(who: AccountIndex, isPrivate: boolean): number {
    if (isPrivate) this.isPrivate.add(who)
    else {
      this.isPrivate.delete(who)
      for (const other of everyone) {
        if (this.requests.has(pair(other, who)) && this.exists(who, other)) this.accept(other, who)
      }
    }
    return 200
  }

  /** Whether the account is in lists for this viewer. */
  exists(viewer: AccountIndex, of: AccountIndex): boolean {
    return viewer === of || (this.hasProfile(viewer, of) && !this.blocks.has(pair(viewer, of)))
  }

  hasProfile(viewer: AccountIndex, of: AccountIndex): boolean {
    return viewer === of || (!this.suspended.has(of) && !this.blocks.has(pair(of, viewer)))
  }

  /** Whether the viewer may see what the account shares with its followers, or with everyone. */
  maySee(viewer: AccountIndex, of: AccountIndex, visibility: 'public' | 'followers'): boolean {
    if (viewer === of) return true
    if (!this.exists(viewer, of)) return false
    if (visibility === 'public' && !this.isPrivate.has(of)) return true
    return this.follows.has(pair(viewer, of))
  }

  relationship(viewer: AccountIndex, of: AccountIndex): Relationship {
    return {
      following: this.follows.has(pair(viewer, of)),
      requested: this.requests.has(pair(viewer, of)),
      followedBy: this.follows.has(pair(of, viewer)),
      blocking: this.blocks.has(pair(viewer, of)),
      muting: this.mutes.has(pair(viewer, of)),
    }
  }

  followers(viewer: AccountIndex, of: AccountIndex): AccountIndex[] {
    return everyone.filter((other) => this.follows.has(pair(other, of)) && this.exists(viewer, other))
  }

  following(viewer: AccountIndex, of: AccountIndex): AccountIndex[] {
    return everyone.filter((other) => this.follows.has(pair(of, other)) && this.exists(viewer, other))
  }

  received(by: AccountIndex): AccountIndex[] {
    return everyone.filter((other) => this.requests.has(pair(other, by)) && this.exists(by, other))
  }

  blocked(by: AccountIndex): AccountIndex[] {
    return everyone.filter((other) => this.blocks.has(pair(by, other)))
  }

  muted(by: AccountIndex): AccountIndex[] {
    return everyone.filter((other) => this.mutes.has(pair(by, other)) && this.hasProfile(by, other))
  }

  /** Whether the feed of the viewer has the account's photos of this visibility. */
  isFed(viewer: AccountIndex, of: AccountIndex, visibility: 'public' | 'followers'): boolean {
    const isInCircle = viewer === of || this.follows.has(pair(viewer, of))
    return isInCircle && !this.mutes.has(pair(viewer, of)) && this.maySee(viewer, of, visibility)
  }

  private accept(follower: AccountIndex, followee: AccountIndex): void {
    this.requests.delete(pair(follower, followee))
    this.follows.add(pair(follower, followee))
  }

  private part(follower: AccountIndex, followee: AccountIndex): void {
    this.requests.delete(pair(follower, followee))
    this.follows.delete(pair(follower, followee))
  }
}

export const everyone: readonly AccountIndex[] = Array.from({ length: ACCOUNTS }, (_, index) => index)
