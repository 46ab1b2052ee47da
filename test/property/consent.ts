import type { UserId } from '../../src/domain/ids.ts'
import type { Database } from '../../src/infra/db/database.ts'
import { createBlocks } from '../../src/services/graph/blocks.ts'
import { createFollowRequests } from '../../src/services/graph/follow-requests.ts'
import { createFollows } from '../../src/services/graph/follows.ts'
import { createMutes } from '../../src/services/graph/mutes.ts'
import { makePrivate, usernameOf } from '../support/factories/accounts.ts'
import { forgetful } from '../support/factories/outbox.ts'
import { unlessGone } from './unless-gone.ts'

export const DEEDS = ['follow', 'unfollow', 'approve', 'block', 'unblock', 'mute', 'unmute'] as const
type Deed = (typeof DEEDS)[number]

export interface Consent {
  /** Does something about another account, which may be hidden or oneself: then nothing. */
  perform(deed: Deed, who: UserId, whom: UserId): Promise<void>
  setPrivate(who: UserId, isPrivate: boolean): Promise<void>
  /** Looks at the blocks in force now. The result tells later whether one of them has been in force ever since. */
  watchBlocks(): (one: UserId, other: UserId) => boolean
}

/** What accounts do about each other, and which blocks are known to be in force. */
export function openConsent(db: Database): Consent {
  const outbox = forgetful(db)
  const follows = createFollows({ db, outbox })
  const requests = createFollowRequests({ db })
  const blocks = createBlocks({ db, outbox })
  const mutes = createMutes({ db })
  /** Those whose request has been answered, each a new object; the end of a block takes it out before it is asked for. */
  const inForce = new Map<string, object>()
  const keyOf = (blocker: UserId, blocked: UserId) => `${blocker} ${blocked}`

  const deeds: Record<Deed, (who: UserId, username: string, whom: UserId) => Promise<unknown>> = {
    follow: (who, username) => follows.follow(who, username),
    unfollow: (who, username) => follows.unfollow(who, username),
    approve: (who, username) => requests.approve(who, username),
    async block(who, username, whom) {
      await blocks.block(who, username)
      inForce.set(keyOf(who, whom), {})
    },
    async unblock(who, username, whom) {
      inForce.delete(keyOf(who, whom))
      await blocks.unblock(who, username)
    },
    mute: (who, username) => mutes.mute(who, username, null),
    unmute: (who, username) => mutes.unmute(who, username),
  }
  return {
    async perform(deed, who, whom) {
      if (who !== whom) await unlessGone(deeds[deed](who, await usernameOf(db, whom), whom))
    },
    setPrivate: (who, isPrivate) => makePrivate(db, who, isPrivate),
    watchBlocks() {
      const before = new Map(inForce)
      return (one, other) =>
        [keyOf(one, other), keyOf(other, one)].some(
          (key) => before.has(key) && before.get(key) === inForce.get(key),
        )
    },
  }
}
