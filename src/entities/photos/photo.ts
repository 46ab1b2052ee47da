import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { PHOTO_STATUSES, VISIBILITIES } from '../../domain/visibility.ts'

/**
 * A photo. `version` rises with every change (it fences writers and is the search document's external version);
 * `accessEpoch` rises with every narrowing (image URLs of older epochs are refused); `score` is publishedAt in ms.
 */
export const Photo = defineEntity({
  name: 'Photo',
  tableName: 'photos',
  checks: [
    { name: 'photos_bytes_check', expression: 'bytes > 0' },
    {
      name: 'photos_check',
      expression: "status <> 'ready' OR published_at IS NOT NULL AND score IS NOT NULL",
    },
  ],
  properties: {
    photoId: p.uuid().primary(),
    ownerId: p.bigint('string'),
    version: p.integer().default(1),
    accessEpoch: p.integer().default(1),
    status: p.enum(PHOTO_STATUSES).default('awaiting_upload'),
    visibility: p.enum(VISIBILITIES).default('public'),
    storageKey: p.string().length(1024),
    storageTier: p.enum(['hot', 'cold'] as const).default('hot'),
    caption: p.string().length(2200).nullable(),
    altText: p.string().length(1000).nullable(),
    contentType: p.string().length(100),
    bytes: p.bigint('string'),
    declaredSha256: p.blob().nullable(),
    sha256: p.blob().nullable(),
    width: p.integer().nullable(),
    height: p.integer().nullable(),
    thumbhash: p.string().length(64).nullable(),
    takenAt: p.string().columnType('timestamp(0)').nullable(),
    takenAtOffset: p.smallint().nullable(),
    camera: p.string().length(200).nullable(),
    latitude: p.double().nullable(),
    longitude: p.double().nullable(),
    shareLocation: p.boolean().default(false),
    shareCamera: p.boolean().default(false),
    allowDownload: p.boolean().default(false),
    failureCode: p.string().length(40).nullable(),
    failureDetail: p.string().length(500).nullable(),
    uploadExpiresAt: p.datetime(3),
    createdAt: p.datetime(3).defaultRaw('now()'),
    publishedAt: p.datetime(3).nullable(),
    score: p.bigint('string').nullable(),
    distribution: p
      .enum(['none', 'all'] as const)
      .nullable()
      .default('none'),
    distributionSince: p.datetime(3).nullable(),
  },
})
export type Photo = InferEntity<typeof Photo>
