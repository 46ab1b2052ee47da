import type { z } from 'zod'
import type { Account, OwnAccount } from '../../../services/accounts/accounts.ts'
import type { OwnUserSchema, UserSchema } from './schema.ts'

/** The account as anyone may see it. */
export function presentUser(account: Account): z.infer<typeof UserSchema> {
  return {
    id: account.userId,
    username: account.username,
    displayName: account.displayName,
    bio: account.bio,
    isPrivate: account.isPrivate,
    avatarUrl: null,
    createdAt: account.createdAt.toISOString(),
  }
}

/** The account as it sees itself. */
export function presentOwnUser(account: OwnAccount): z.infer<typeof OwnUserSchema> {
  const { defaultCommentPolicy, readTextInPhotos, suspension } = account
  return {
    ...presentUser(account),
    defaultCommentPolicy,
    readTextInPhotos,
    suspension: suspension && { until: suspension.until?.toISOString() ?? null },
  }
}
