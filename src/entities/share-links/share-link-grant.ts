import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A photo that a share link may show. It counts only if `grantedBy` is the photo's owner. */
export const ShareLinkGrant = defineEntity({
  name: 'ShareLinkGrant',
  tableName: 'share_link_grants',
  properties: {
    linkId: p.uuid().primary(),
    photoId: p.uuid().primary(),
    grantedBy: p.bigint('string'),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type ShareLinkGrant = InferEntity<typeof ShareLinkGrant>
