import { z } from 'zod'
import { UPLOAD_STEPS } from '../../../contracts/photo-upload.ts'
import { isUuid } from '../../../domain/ids.ts'
import { ORIGINAL_CONTENT_TYPES, VARIANT_NAMES, type OriginalContentType } from '../../../domain/variants.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../../../domain/visibility.ts'
import { operation } from '../../operation.ts'
import { atLeastOneField, instant, PhotoParams, shownDefault, text, wholeNumber } from '../inputs.ts'
import {
  awaitedPhotoExample,
  openUploadExample,
  photoExample,
  photosExample,
  progressExample,
  updatePhotoExample,
  uploadExample,
} from './examples.ts'

const OwnerSchema = z.object({
  id: z.string(),
  username: z.string(),
  displayName: z.string().nullable(),
  avatarUrl: z.string().nullable(),
})

const VariantSchema = z.object({
  name: z.enum([...VARIANT_NAMES, 'original']),
  format: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  bytes: z.number().int(),
  url: z.string().meta({ description: 'When it answers 403, fetch the photo again.' }),
  expiresAt: instant.optional().meta({ description: 'Only of photos that are not public.' }),
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
          'not_an_image, type_mismatch, truncated, too_many_pixels, size_mismatch, checksum_mismatch, policy, ' +
          'upload_expired (no original came in time), upload_cancelled (by an operator).',
      }),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    placeholder: z.string().nullable().meta({ description: 'A thumbhash in base64.' }),
    takenAt: z.string().nullable().meta({ description: 'Local time; with an offset only if it is known.' }),
    camera: z.string().optional().meta({ description: 'Only if the owner shares it; always for the owner.' }),
    location: z
      .object({ latitude: z.number(), longitude: z.number() })
      .optional()
      .meta({ description: 'Only if the owner shares it; always for the owner.' }),
    createdAt: instant,
    publishedAt: instant.nullable(),
    likeCount: z.number().int(),
    commentCount: z.number().int(),
    likedByMe: z.boolean(),
    variants: z.array(VariantSchema),
    shareLocation: z.boolean().optional().meta({ description: 'For the owner alone.' }),
    shareCamera: z.boolean().optional().meta({ description: 'For the owner alone.' }),
    allowDownload: z.boolean().optional().meta({ description: 'For the owner alone.' }),
  })
  .meta({ id: 'Photo' })

export const UploadSchema = z
  .object({
    method: z.literal('PUT'),
    url: z.string(),
    headers: z.record(z.string(), z.string()).meta({
      description: 'Send exactly these. Content-Length is signed too: send exactly the declared bytes.',
    }),
    expiresAt: instant,
  })
  .meta({ id: 'Upload' })

const PhotoAnswer = z.object({ photo: PhotoSchema })

const contentType = z
  .string()
  .max(100)
  .refine((given) => (ORIGINAL_CONTENT_TYPES as readonly string[]).includes(given), {
    message: `One of ${ORIGINAL_CONTENT_TYPES.join(', ')}.`,
    params: { code: 'unsupported_type' },
  })
  .transform((given) => given as OriginalContentType)
  .meta({ override: { type: 'string', enum: [...ORIGINAL_CONTENT_TYPES] } })

const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits.')
  .transform((hex) => hex.toLowerCase())
  .meta({ override: { type: 'string', pattern: '^[0-9a-fA-F]{64}$' } })

const editable = {
  caption: text(2_200).optional(),
  altText: text(1_000).optional(),
  visibility: z.enum(VISIBILITIES).optional(),
  shareLocation: z.boolean().optional(),
  shareCamera: z.boolean().optional(),
  allowDownload: z.boolean().optional(),
}

/** As {@link editable}, with what a photo is where its upload does not say. */
const initial = {
  ...editable,
  visibility: editable.visibility.meta({ default: 'public' }),
  shareLocation: editable.shareLocation.meta({ default: false }),
  shareCamera: editable.shareCamera.meta({ default: false }),
  allowDownload: editable.allowDownload.meta({ default: false }),
}

/** @param maxUploadBytes MAX_UPLOAD_BYTES */
export const openUpload = (maxUploadBytes: number) =>
  operation({
    id: 'createPhoto',
    summary: 'Make a photo and get the pre-signed PUT for its original',
    description: 'PUT exactly `bytes` bytes with exactly `upload.headers`; then call complete.',
    body: z.strictObject({
      contentType,
      bytes: z
        .number()
        .int()
        .min(1)
        .refine((bytes) => bytes <= maxUploadBytes, {
          message: `At most ${maxUploadBytes}.`,
          params: { code: 'too_large' },
        })
        .meta({ override: { type: 'integer', minimum: 1, maximum: maxUploadBytes } }),
      sha256: sha256.optional(),
      ...initial,
    }),
    examples: { body: openUploadExample, answer: { photo: awaitedPhotoExample, upload: uploadExample } },
    answersLocation: true,
    responses: { 201: z.object({ photo: PhotoSchema, upload: UploadSchema }) },
    errors: ['too_large', 'unsupported_type', 'quota_exceeded'],
  })

export const SignUploadAnew = operation({
  id: 'signUpload',
  summary: 'Sign the PUT anew',
  description: 'While the photo awaits its original; the signature ends when the upload does.',
  params: PhotoParams,
  examples: { answer: { upload: uploadExample } },
  responses: { 200: z.object({ upload: UploadSchema }) },
  errors: ['not_found', 'upload_closed'],
})

export const CompleteUpload = operation({
  id: 'completeUpload',
  summary: 'Tell that the original was put',
  params: PhotoParams,
  examples: { answer: { photo: awaitedPhotoExample } },
  responses: { 200: PhotoAnswer, 202: PhotoAnswer },
  errors: ['not_found', 'not_uploaded', 'upload_closed'],
})

export const GetPhoto = operation({
  id: 'getPhoto',
  summary: 'One photo',
  params: PhotoParams,
  examples: { answer: { photo: photoExample } },
  responses: { 200: PhotoAnswer },
  errors: ['not_found'],
})

const MAX_IDS = 100

export const GetPhotos = operation({
  id: 'getPhotos',
  summary: 'Several photos, with fresh image URLs',
  description: 'In the order asked for; those absent or hidden from you are left out.',
  query: z.strictObject({
    ids: z
      .string()
      .max(MAX_IDS * 37)
      .transform((ids) => [...new Set(ids.split(','))])
      .refine((ids) => ids.length <= MAX_IDS, `At most ${MAX_IDS} ids.`)
      .refine((ids) => ids.every(isUuid), 'Photo ids, separated by commas.')
      .meta({ override: { type: 'string' } }),
  }),
  examples: { answer: { items: photosExample.items } },
  responses: { 200: z.object({ items: z.array(PhotoSchema) }) },
})

const MAX_WAIT_SECONDS = 60

export const GetProgress = operation({
  id: 'getPhotoProgress',
  summary: 'How far the upload has come',
  params: PhotoParams,
  query: z.strictObject({ wait: wholeNumber(0, MAX_WAIT_SECONDS).default(0).meta(shownDefault(0)) }),
  examples: { answer: progressExample },
  responses: {
    200: z.object({
      status: z.enum(PHOTO_STATUSES),
      steps: z.array(
        z.object({
          name: z.enum(UPLOAD_STEPS),
          state: z.enum(['pending', 'running', 'done', 'failed', 'skipped']),
          attempts: z.number().int(),
          detail: z.string().optional(),
        }),
      ),
      fanout: z
        .object({ state: z.string(), followers: z.number().int(), delivered: z.number().int() })
        .optional(),
    }),
  },
  errors: ['not_found', 'forbidden'],
})

export const UpdatePhoto = operation({
  id: 'updatePhoto',
  summary: 'Edit a photo',
  description: 'Honours If-Match. A narrower visibility acts with the answer, everywhere.',
  params: PhotoParams,
  body: atLeastOneField(z.strictObject(editable)),
  examples: { body: updatePhotoExample, answer: { photo: photoExample } },
  responses: { 200: PhotoAnswer },
  errors: ['not_found', 'forbidden', 'precondition_failed'],
})

export const DeletePhoto = operation({
  id: 'deletePhoto',
  summary: 'Delete a photo',
  params: PhotoParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})

export const GetOriginal = operation({
  id: 'getOriginal',
  summary: 'The original as it was uploaded',
  description: 'For its owner, with all its metadata.',
  params: PhotoParams,
  responses: { 200: { contentType: 'image/*', description: 'The bytes of the original' } },
  errors: ['not_found', 'forbidden'],
})
