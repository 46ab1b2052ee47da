import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/**
 * A link by which anyone who has its token sees an album. Revoking deletes it; one that has expired is `ended` by its workflow,
 * and kept for a while to say so.
 */
export const ShareLink = defineEntity({
  name: 'ShareLink',
  tableName: 'share_links',
  checks: [{ name: 'share_links_max_views_check', expression: 'max_views > 0' }],
  properties: {
    linkId: p.uuid().primary(),
    albumId: p.uuid(),
    createdBy: p.bigint('string'),
    /** SHA-256 of the token. */
    tokenHash: p.blob().$type<Buffer>(),
    label: p.string().length(MAX_CHARACTERS.linkLabel).nullable(),
    passwordHash: p.string().length(MAX_CHARACTERS.passwordHash).nullable(),
    expiresAt: p.datetime(3).nullable(),
    maxViews: p.integer().nullable(),
    views: p.integer().default(0),
    allowUpload: p.boolean().default(false),
    lastUsedAt: p.datetime(3).nullable(),
    endedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type ShareLink = InferEntity<typeof ShareLink>
export type ShareLinkRow = Row<typeof ShareLink>
