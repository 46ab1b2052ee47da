import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { BLOCK_VERDICTS } from '../../domain/screening.ts'
import type { Row } from '../row.ts'

/** One hash of a picture that automatic moderation recognises: of its bytes, or of what it looks like. */
export const BlockedPicture = defineEntity({
  name: 'BlockedPicture',
  tableName: 'blocked_pictures',
  checks: [
    { name: 'blocked_pictures_sha256_check', expression: 'length(sha256) = 32' },
    { name: 'blocked_pictures_check', expression: 'num_nonnulls(sha256, perceptual_hash) = 1' },
  ],
  properties: {
    blockedPictureId: p.bigint('string').primary().autoincrement(),
    sha256: p.blob().$type<Buffer>().nullable(),
    perceptualHash: p.bigint('string').nullable(),
    verdict: p.enum(BLOCK_VERDICTS),
    /** The operator's word for what it is. */
    reason: p.string().length(MAX_CHARACTERS.blockReason),
    addedAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type BlockedPicture = InferEntity<typeof BlockedPicture>
export type BlockedPictureRow = Row<typeof BlockedPicture>
