import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { ACCOUNT_STATUSES } from '../../domain/access.ts'
import { COMMENT_POLICIES } from '../../domain/comments.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { ROLES } from '../../domain/moderation.ts'
import type { Row } from '../row.ts'

/** An account. `username` is unique regardless of case (index on lower(username)). */
export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    userId: p.bigint('string').primary().autoincrement(),
    username: p.string().length(MAX_CHARACTERS.username),
    /** What the username looks like (`domain/usernames.ts`), unique; null for accounts that looked alike before it was. */
    usernameSkeleton: p.text().nullable().hidden(),
    passwordHash: p.text().hidden(),
    displayName: p.string().length(MAX_CHARACTERS.displayName).nullable(),
    bio: p.string().length(MAX_CHARACTERS.bio).nullable(),
    isPrivate: p.boolean().default(false),
    role: p.enum(ROLES).default('user'),
    status: p.enum(ACCOUNT_STATUSES).default('active'),
    /** When a suspension ends by itself; null if it does not, or there is none. */
    suspendedUntil: p.datetime(3).nullable(),
    defaultCommentPolicy: p.enum(COMMENT_POLICIES).default('everyone'),
    /** Text in its photos is read, and found by search. */
    readTextInPhotos: p.boolean().default(false),
    /** Rises whenever that changes; part of the version of its search documents. */
    textEpoch: p.integer().default(0),
    /** Rises whenever the reach of all the account's photos changes: going private or public, suspension and its end. */
    accessEpoch: p.integer().default(0),
    /** Rises whenever the account turns a follower away, by a block too. Image URLs carry the sum of both epochs. */
    audienceEpoch: p.integer().default(0),
    /** The avatar that is shown, and the epoch under which its objects lie. */
    avatarId: p.uuid().nullable(),
    avatarEpoch: p.integer().default(0),
    /** Instead of MAX_ACCOUNT_BYTES and MAX_ACCOUNT_PHOTOS, if an operator set them. */
    maxBytes: p.bigint('string').nullable(),
    maxPhotos: p.integer().nullable(),
    /** Set by moderation: its photos are not recommended to anybody. */
    hiddenFromExplore: p.boolean().default(false),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type User = InferEntity<typeof User>
export type UserRow = Row<typeof User>
