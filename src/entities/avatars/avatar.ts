import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { AVATAR_STATUSES } from '../../domain/avatars.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A picture of an account, from its upload until nothing is left of it. `users.avatarId` says which one is shown. */
export const Avatar = defineEntity({
  name: 'Avatar',
  tableName: 'avatars',
  checks: [{ name: 'avatars_bytes_check', expression: 'bytes > 0' }],
  properties: {
    avatarId: p.uuid().primary(),
    ownerId: p.bigint('string'),
    status: p.enum(AVATAR_STATUSES).default('awaiting_upload'),
    contentType: p.string().length(MAX_CHARACTERS.contentType),
    /** As declared, and as arrived. */
    bytes: p.integer(),
    failureCode: p.string().length(MAX_CHARACTERS.failureCode).nullable(),
    failureDetail: p.string().length(MAX_CHARACTERS.failureDetail).nullable(),
    uploadExpiresAt: p.datetime(3),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type Avatar = InferEntity<typeof Avatar>
export type AvatarRow = Row<typeof Avatar>
