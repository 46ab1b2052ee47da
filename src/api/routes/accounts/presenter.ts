import type { z } from 'zod'
import type { Account } from '../../../services/accounts/accounts.ts'
import type { UserSchema } from './schema.ts'

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
