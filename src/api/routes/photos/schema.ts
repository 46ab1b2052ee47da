import { z } from 'zod'
import { COMMENT_POLICIES } from '../../../domain/comments.ts'
import { isUuid, UUID_PATTERN } from '../../../domain/ids.ts'
import { ANIMATION, VARIANT_NAMES } from '../../../domain/variants.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../../../domain/visibility.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { avatarUrl } from '../accounts/schema.ts'
import {
  atLeastOneField,
  flag,
  instant,
  listOf,
  pageQuery,
  PhotoParams,
  shownAs,
  text,
  UserParams,
} from '../inputs.ts'
import { erasuresExample, photoExample, photosExample, trashExample, updatePhotoExample } from './examples.ts'
import { LocationSchema, PlaceSchema, timeAndPlace } from './metadata-schema.ts'

/** An account where it stands beside something of its own. */
export const OwnerSchema = z.object({
  id: z.string(),
  username: z.string(),
  displayName: z.string().nullable(),
  avatarUrl,
})

const VariantSchema = z.object({
  name: z.enum([...VARIANT_NAMES, ANIMATION, 'original']).meta({
    description:
      'Once complete, every photo has a `thumb_200` and a `medium_800`; it has each other size if that shows more than those. `animation` has all frames of an animated GIF, WebP or PNG, in medium size. The `original` is listed for its owner, and with ' +
      '`allowDownload` for others: a copy of full size without metadata, to be saved.',
  }),
  format: z.string().meta({
    description: 'jpeg, webp or avif; avif comes last. An original has its own, or is a jpeg for others.',
  }),
  width: z.number().int(),
  height: z.number().int(),
  bytes: z.number().int(),
  url: z.string().meta({ description: 'If it answers 403, fetch the photo again.' }),
  expiresAt: instant.optional().meta({ description: 'Only for photos that are not public.' }),
})

/** A size, in whichever format suits the client that asks for it. */
export const SourceSchema = z.object({
  name: z.enum(VARIANT_NAMES),
  width: z.number().int(),
  height: z.number().int(),
  url: z.string().meta({
    description:
      'AVIF, WebP or JPEG, by the Accept header; the next smaller size for clients that send `Save-Data: on`.',
  }),
  expiresAt: instant.optional().meta({ description: 'Only for photos that are not public.' }),
})

const availability = z.enum(['hot', 'cold', 'restoring']).meta({
  description:
    'Whether the original can be downloaded at once, or has to be asked for first. Only the owner sees it.',
})

export const PhotoSchema = z
  .object({
    id: z.string(),
    owner: OwnerSchema,
    caption: z.string().nullable(),
    altText: z.string().nullable(),
    tags: z.array(z.string()),
    visibility: z.enum(VISIBILITIES),
    status: z.enum(PHOTO_STATUSES),
    failure: z
      .object({ code: z.string(), detail: z.string().nullable() })
      .optional()
      .meta({
        description:
          'not_an_image, type_mismatch, truncated, too_many_pixels, too_complex, trailer_too_large, size_mismatch, checksum_mismatch, policy, ' +
          'upload_expired (no original arrived in time), upload_aborted (by you), upload_cancelled (by an operator).',
      }),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    placeholder: z.string().nullable().meta({ description: 'A thumbhash in base64.' }),
    takenAt: z.string().nullable().meta({
      description:
        'Local time, with an offset only if it is known. Only if the owner shares it (by default); always for the owner.',
    }),
    camera: z.string().optional().meta({ description: 'Only if the owner shares it; always for the owner.' }),
    location: LocationSchema.optional().meta({
      description: 'Only if the owner shares it; always for the owner.',
    }),
    place: PlaceSchema.optional(),
    createdAt: instant,
    publishedAt: instant.nullable(),
    likeCount: z.number().int(),
    commentCount: z.number().int(),
    likedByMe: z.boolean(),
    commentPolicy: z
      .enum(COMMENT_POLICIES)
      .meta({ description: 'Who else than the owner may comment, of those who see the photo.' }),
    sensitive: z.boolean().meta({
      description: 'Show a warning first: the owner marked it, or, for others, moderation did.',
    }),
    variants: z.array(VariantSchema),
    sources: z.array(SourceSchema).meta({
      description:
        'Each size once, smallest first, ready for `srcset`: `${url} ${width}w`. `variants` names single formats.',
    }),
    shareLocation: z.boolean().optional().meta({ description: 'Only the owner sees it.' }),
    shareCamera: z.boolean().optional().meta({ description: 'Only the owner sees it.' }),
    shareTakenAt: z.boolean().optional().meta({ description: 'Only the owner sees it.' }),
    shareText: z.boolean().optional().meta({ description: 'Only the owner sees it.' }),
    allowDownload: z
      .boolean()
      .optional()
      .meta({ description: 'Others get the original without its metadata. Only the owner sees this field.' }),
    limited: z.boolean().optional().meta({
      description:
        'Moderation limited it: others see a warning first, and it is recommended to nobody. Only the owner sees this field; GET /me/moderation says why.',
    }),
    availability: availability.optional(),
  })
  .meta({ id: 'Photo' })

export const PhotoAnswer = z.object({ photo: PhotoSchema })

/** The fields that an owner may set when creating a photo, and edit later. */
export const editable = {
  caption: text(MAX_CHARACTERS.caption).optional(),
  altText: text(MAX_CHARACTERS.altText).optional(),
  visibility: z.enum(VISIBILITIES).optional(),
  shareLocation: z.boolean().optional(),
  shareCamera: z.boolean().optional(),
  shareTakenAt: z.boolean().optional(),
  shareText: z
    .boolean()
    .optional()
    .meta({ description: 'Others who see the photo find it by the text in it (`readTextInPhotos`).' }),
  allowDownload: z.boolean().optional(),
  commentPolicy: z
    .enum(COMMENT_POLICIES)
    .nullable()
    .optional()
    .meta({ description: 'null follows `defaultCommentPolicy` of your account.' }),
  sensitive: z.boolean().optional().meta({ description: 'Others see a warning first.' }),
  ...timeAndPlace,
}

export const GetPhoto = operation({
  id: 'getPhoto',
  summary: 'Get a photo',
  params: PhotoParams,
  examples: { answer: { photo: photoExample } },
  responses: { 200: PhotoAnswer },
  errors: ['not_found'],
})

const UUID_CHARACTERS = 36

export const GetPhotos = operation({
  id: 'getPhotos',
  summary: 'Get several photos, with fresh image URLs',
  description: 'In the requested order, without those that do not exist or are hidden from you.',
  query: z.strictObject({
    ids: z
      .string()
      .max(MAX_ITEMS.photoIds * (UUID_CHARACTERS + 1))
      .transform((ids) => [...new Set(ids.split(','))])
      .refine((ids) => ids.length <= MAX_ITEMS.photoIds, `At most ${MAX_ITEMS.photoIds} ids.`)
      .refine((ids) => ids.every(isUuid), 'Photo ids, separated by commas.')
      .meta({
        description: `Photo ids, separated by commas; at most ${MAX_ITEMS.photoIds}.`,
        ...shownAs({
          type: 'string',
          pattern: `^${UUID_PATTERN}(,${UUID_PATTERN}){0,${MAX_ITEMS.photoIds - 1}}$`,
        }),
      }),
  }),
  examples: { answer: { items: photosExample.items } },
  responses: { 200: z.object({ items: z.array(PhotoSchema) }) },
})

export const UpdatePhoto = operation({
  id: 'updatePhoto',
  summary: 'Edit a photo',
  description: 'Honours If-Match. A narrower visibility applies everywhere once this is answered.',
  params: PhotoParams,
  body: atLeastOneField(z.strictObject(editable)),
  examples: { body: updatePhotoExample, answer: { photo: photoExample } },
  responses: { 200: PhotoAnswer },
  errors: ['not_found', 'forbidden', 'precondition_failed'],
})

export const DeletePhoto = operation({
  id: 'deletePhoto',
  summary: 'Delete a photo',
  description:
    'Nobody sees it from the answer on. A published photo goes into your trash, from which you may restore it for 30 days (a ' +
    'setting of the service); then it is erased. With `permanent=true` it is erased now, also out of the trash. A photo ' +
    'that is not published is erased in any case.',
  params: PhotoParams,
  query: z.strictObject({
    permanent: flag('Erase it now.'),
  }),
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})

const TrashedPhotoSchema = z
  .object({
    photo: PhotoSchema,
    deletedAt: instant,
    erasesAt: instant.meta({
      description: 'From then on it cannot be restored; it is erased within the hour.',
    }),
  })
  .meta({ id: 'TrashedPhoto' })

export const ListTrash = operation({
  id: 'listTrash',
  summary: 'List your deleted photos that you may restore, latest first',
  description: 'Nobody else sees them, and you see them nowhere else.',
  query: z.strictObject(pageQuery),
  examples: { answer: trashExample },
  responses: { 200: listOf(TrashedPhotoSchema) },
  errors: ['bad_cursor'],
})

const ErasureSchema = z
  .object({
    photoId: z.string(),
    requestedAt: instant.meta({ description: 'When it was deleted for good.' }),
    erasedAt: instant.nullable().meta({
      description:
        'When nothing of it was left in any store, and every edge refused its URLs; null until then.',
    }),
    removed: z.object({
      objects: z.number().int().meta({ description: 'Files: the original and its variants.' }),
      edgeEntries: z.number().int().meta({ description: 'Copies in caches of edges.' }),
      searchDocuments: z.number().int(),
    }),
  })
  .meta({ id: 'Erasure' })

export const ListErasures = operation({
  id: 'listErasures',
  summary: 'List the receipts of your photos that were deleted for good, latest first',
  query: z.strictObject(pageQuery),
  examples: { answer: erasuresExample },
  responses: { 200: listOf(ErasureSchema) },
  errors: ['bad_cursor'],
})

export const RestorePhoto = operation({
  id: 'restorePhoto',
  summary: 'Restore a photo from your trash',
  description:
    'It comes back as it was: with its texts, visibility, likes and comments, its places in albums, feeds and search, and new ' +
    'image URLs. A photo of yours that is not in the trash stays as it is.',
  params: PhotoParams,
  examples: { answer: { photo: photoExample } },
  responses: { 200: PhotoAnswer },
  errors: ['not_found', 'forbidden'],
})

export const GetOriginal = operation({
  id: 'getOriginal',
  summary: 'Download the original as it was uploaded',
  description: 'Only for its owner, with all its metadata.',
  params: PhotoParams,
  responses: { 200: { contentType: 'image/*', description: 'The bytes of the original' } },
  errors: ['not_found', 'forbidden', 'original_cold'],
})

const times = {
  requestedAt: '2026-11-27T10:00:00.000Z',
  expectedAt: '2026-11-27T15:00:00.000Z',
  hotUntil: null,
}

const AvailabilitySchema = z.object({
  availability,
  requestedAt: instant.nullable().meta({ description: 'When it was last asked for.' }),
  expectedAt: instant
    .nullable()
    .meta({ description: 'When a restore that is under way is expected to be done.' }),
  hotUntil: instant.nullable().meta({ description: 'A restored original goes cold again then.' }),
})

export const GetOriginalAvailability = operation({
  id: 'getOriginalAvailability',
  summary: 'See whether the original can be downloaded',
  params: PhotoParams,
  examples: { answer: { availability: 'restoring', ...times } },
  responses: { 200: AvailabilitySchema },
  errors: ['not_found', 'forbidden'],
})

export const RestoreOriginal = operation({
  id: 'restoreOriginal',
  summary: 'Ask for an original that is in the cold storage',
  description:
    'Originals go cold when they are old. This one comes back for some days, within minutes or hours, and you are told when it is ' +
    'there (`original_restored`). One that is hot or on its way stays as it is.',
  params: PhotoParams,
  examples: { answer: { availability: 'restoring', ...times } },
  responses: { 202: AvailabilitySchema },
  errors: ['not_found', 'forbidden'],
})

export const ListUserPhotos = operation({
  id: 'listUserPhotos',
  summary: "List a user's photos that you may see, newest first",
  params: UserParams,
  query: z.strictObject(pageQuery),
  examples: { answer: photosExample },
  responses: { 200: listOf(PhotoSchema) },
  errors: ['not_found', 'account_private', 'bad_cursor'],
})
