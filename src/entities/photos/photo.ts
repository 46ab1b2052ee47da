import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { COMMENT_POLICIES } from '../../domain/comments.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../../domain/visibility.ts'
import type { Row } from '../row.ts'

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
    /** Of earlier releases, which write it and read it nowhere; it goes with the release after this one. */
    storageKey: p.string().length(MAX_CHARACTERS.objectKey).nullable(),
    storageTier: p.enum(['hot', 'cold'] as const).default('hot'),
    /** The original, once it is stored; the reference keeps it. */
    blobId: p.uuid().nullable(),
    caption: p.string().length(MAX_CHARACTERS.caption).nullable(),
    altText: p.string().length(MAX_CHARACTERS.altText).nullable(),
    contentType: p.string().length(MAX_CHARACTERS.contentType),
    bytes: p.bigint('string'),
    declaredSha256: p.blob().$type<Buffer>().nullable(),
    sha256: p.blob().$type<Buffer>().nullable(),
    width: p.integer().nullable(),
    height: p.integer().nullable(),
    thumbhash: p.string().length(MAX_CHARACTERS.thumbhash).nullable(),
    /** Of an animation that is kept as a variant; 0 of others, null until it is looked for, in photos of before it was kept. */
    animationFrames: p.integer().nullable(),
    /** Of the picture: 64 bits that copies of it share for the most part. */
    perceptualHash: p.bigint('string').nullable(),
    /** Photos of one owner that look the same have the same. */
    likeness: p.bigint('string').nullable(),
    /** A local time without a zone: read it with to_char, because the driver would assume the zone of the process. */
    takenAt: p.datetime(0).columnType('timestamp(0)').nullable(),
    takenAtOffset: p.smallint().nullable(),
    /** The owner has set the time, which the file's own no longer replaces. */
    takenAtEdited: p.boolean().default(false),
    camera: p.string().length(MAX_CHARACTERS.camera).nullable(),
    latitude: p.double().$type<number>().nullable(),
    longitude: p.double().$type<number>().nullable(),
    locationEdited: p.boolean().default(false),
    shareLocation: p.boolean().default(false),
    shareCamera: p.boolean().default(false),
    shareTakenAt: p.boolean().default(true),
    /** Others find the photo by the text that was read in it. */
    shareText: p.boolean().default(false),
    allowDownload: p.boolean().default(false),
    /** Null: the default of the owner's account. */
    commentPolicy: p.enum(COMMENT_POLICIES).nullable(),
    /** Set by the owner: shown behind a warning. */
    sensitive: p.boolean().default(false),
    /** Set by moderation: sensitive for others, and not recommended to anybody. */
    limitedAt: p.datetime(3).nullable(),
    failureCode: p.string().length(MAX_CHARACTERS.failureCode).nullable(),
    failureDetail: p.string().length(MAX_CHARACTERS.failureDetail).nullable(),
    uploadExpiresAt: p.datetime(3),
    createdAt: p.datetime(3).defaultRaw('now()'),
    publishedAt: p.datetime(3).nullable(),
    score: p.bigint('string').nullable(),
  },
})
export type Photo = InferEntity<typeof Photo>
export type PhotoRow = Row<typeof Photo>
