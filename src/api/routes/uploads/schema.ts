import { z } from 'zod'
import { UPLOAD_STEPS } from '../../../contracts/photo-upload.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { MAX_PARTS_ASKED, MAX_PUT_BYTES, MULTIPART_FROM_BYTES } from '../../../domain/upload-parts.ts'
import { ORIGINAL_CONTENT_TYPES, type OriginalContentType } from '../../../domain/variants.ts'
import { PHOTO_STATUSES } from '../../../domain/visibility.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, PhotoParams, shownAs, shownDefault, wholeNumber } from '../inputs.ts'
import {
  arrivedPartsExample,
  awaitedPhotoExample,
  openUploadExample,
  ownByHashExample,
  progressExample,
  signedPartsExample,
  uploadExample,
} from './examples.ts'
import { editable, PhotoAnswer, PhotoSchema } from '../photos/schema.ts'

export const UploadSchema = z
  .object({
    method: z.literal('PUT'),
    url: z.string(),
    headers: z.record(z.string(), z.string()).meta({
      description:
        'Send exactly these. Content-Length is signed too: send exactly the declared number of bytes.',
    }),
    expiresAt: instant,
  })
  .meta({ id: 'Upload' })

export const PartsSchema = z
  .object({
    method: z.literal('MULTIPART'),
    uploadId: z.string(),
    partBytes: z
      .number()
      .int()
      .meta({ description: 'Of every part but the last. Ask for the URL of each with POST …/parts.' }),
    expiresAt: instant,
  })
  .meta({ id: 'MultipartUpload' })

const UploadTargetSchema = z.union([UploadSchema, PartsSchema])

export const contentType = z
  .string()
  .max(MAX_CHARACTERS.contentType)
  .refine((given) => (ORIGINAL_CONTENT_TYPES as readonly string[]).includes(given), {
    message: `One of ${ORIGINAL_CONTENT_TYPES.join(', ')}.`,
    params: { code: 'unsupported_type' },
  })
  .transform((given) => given as OriginalContentType)
  .meta(shownAs({ type: 'string', enum: [...ORIGINAL_CONTENT_TYPES] }))

export const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits.')
  .transform((hex) => hex.toLowerCase())
  .meta(shownAs({ type: 'string', pattern: '^[0-9a-fA-F]{64}$' }))

/** @param maxUploadBytes MAX_UPLOAD_BYTES */
export const uploadBytes = (maxUploadBytes: number) =>
  z
    .number()
    .int()
    .min(1)
    .refine((bytes) => bytes <= maxUploadBytes, {
      message: `At most ${maxUploadBytes}.`,
      params: { code: 'too_large' },
    })
    .meta(shownAs({ type: 'integer', minimum: 1, maximum: maxUploadBytes }))

/** More than the largest original has. */
const MAX_PARTS = 1_000
const partNumber = z.number().int().min(1).max(MAX_PARTS)

/** Like {@link editable}, with the defaults for fields that the upload omits. */
const initial = {
  ...editable,
  visibility: editable.visibility.meta({ default: 'public' }),
  shareLocation: editable.shareLocation.meta({ default: false }),
  shareCamera: editable.shareCamera.meta({ default: false }),
  shareTakenAt: editable.shareTakenAt.meta({ default: true }),
  shareText: editable.shareText.meta({ default: false }),
  allowDownload: editable.allowDownload.meta({ default: false }),
  sensitive: editable.sensitive.meta({ default: false }),
}

/** @param maxUploadBytes MAX_UPLOAD_BYTES */
export const openUpload = (maxUploadBytes: number) =>
  operation({
    id: 'createPhoto',
    scope: ['upload'],
    summary: 'Create a photo and get the pre-signed PUT for its original',
    description:
      'PUT exactly `bytes` bytes with exactly `upload.headers`, then call complete. With `multipart`, `upload.method` says whether ' +
      'the original goes in one PUT or in parts. Repeated under its Idempotency-Key after the original has arrived, the answer has ' +
      '`upload: null`.',
    body: z.strictObject({
      contentType,
      bytes: uploadBytes(maxUploadBytes),
      sha256: sha256.optional(),
      multipart: z
        .boolean()
        .meta({
          default: false,
          description: `You can send parts: an original of more than ${MULTIPART_FROM_BYTES} bytes then arrives in them, and the upload can be resumed. One of more than ${MAX_PUT_BYTES} bytes has to.`,
        })
        .optional(),
      ...initial,
      albumId: idOf('album').optional().meta({
        description: 'Adds the photo to the end of this album, and grants it to the members.',
      }),
    }),
    examples: { body: openUploadExample, answer: { photo: awaitedPhotoExample, upload: uploadExample } },
    answersLocation: true,
    gives: { photoId: '/photo/id' },
    responses: { 201: z.object({ photo: PhotoSchema, upload: UploadTargetSchema.nullable() }) },
    errors: ['too_large', 'unsupported_type', 'quota_exceeded', 'not_found', 'forbidden'],
  })

export const SignUploadAnew = operation({
  id: 'signUpload',
  scope: ['upload'],
  summary: 'Sign the PUT again',
  description: 'Possible while the photo awaits its original. The signature expires with the upload.',
  params: PhotoParams,
  examples: { answer: { upload: uploadExample } },
  responses: { 200: z.object({ upload: UploadTargetSchema }) },
  errors: ['not_found', 'upload_closed'],
})

export const CompleteUpload = operation({
  id: 'completeUpload',
  scope: ['upload'],
  summary: 'Report that the original was uploaded',
  description:
    'Of an upload in parts: that all of them were. The storage decides what has arrived; with `parts`, the request is refused if it ' +
    'has other bytes than you sent.',
  params: PhotoParams,
  body: z
    .strictObject({
      parts: z
        .array(
          z.strictObject({
            number: partNumber,
            etag: z
              .string()
              .regex(/^[!-~]+$/, 'Printable ASCII characters.')
              .max(MAX_CHARACTERS.etag),
          }),
        )
        .max(MAX_PARTS)
        .optional(),
    })
    .optional(),
  examples: {
    body: { parts: [{ number: 1, etag: '"9b2cf535f27731c974343645a3985328"' }] },
    answer: { photo: awaitedPhotoExample },
  },
  responses: { 200: PhotoAnswer, 202: PhotoAnswer },
  errors: ['not_found', 'not_uploaded', 'upload_closed'],
})

export const SignParts = operation({
  id: 'signParts',
  scope: ['upload'],
  summary: 'Sign PUTs for parts of an original',
  description:
    'PUT exactly `bytes` bytes to each `url`, in any order; a part that was PUT again counts as the last one sent. The URLs work for ' +
    'an hour at most; ask again for others.',
  params: PhotoParams,
  body: z.strictObject({ numbers: z.array(partNumber).min(1).max(MAX_PARTS_ASKED) }),
  examples: { body: { numbers: [1, 2] }, answer: signedPartsExample },
  responses: {
    200: z.object({
      parts: z.array(z.object({ number: z.number().int(), url: z.string(), bytes: z.number().int() })),
      expiresAt: instant,
    }),
  },
  errors: ['not_found', 'upload_closed'],
})

export const ListParts = operation({
  id: 'listParts',
  scope: ['upload'],
  summary: 'See which parts of an original have arrived',
  params: PhotoParams,
  examples: { answer: arrivedPartsExample },
  responses: {
    200: z.object({
      parts: z.array(z.object({ number: z.number().int(), bytes: z.number().int(), etag: z.string() })),
    }),
  },
  errors: ['not_found', 'upload_closed'],
})

export const AbortUpload = operation({
  id: 'abortUpload',
  scope: ['upload'],
  summary: 'Give an upload up',
  description:
    'Its URLs stop working, what has arrived is removed, and the photo is `failed` with `upload_aborted`. Refused once the original has ' +
    'arrived: delete the photo instead.',
  params: PhotoParams,
  responses: { 204: null },
  errors: ['not_found', 'upload_closed'],
})

export const LookUpOwnPhotos = operation({
  id: 'lookUpOwnPhotos',
  scope: ['read', 'upload'],
  summary: 'Find your photos by their bytes',
  description:
    'Says which of these originals you have uploaded, or have begun to upload with their `sha256`. It tells nothing of other accounts.',
  body: z.strictObject({ sha256: z.array(sha256).min(1).max(MAX_ITEMS.photoIds) }),
  examples: { body: { sha256: [openUploadExample.sha256] }, answer: ownByHashExample },
  responses: {
    200: z.object({
      items: z.array(z.object({ sha256: z.string(), photoId: z.string(), status: z.enum(PHOTO_STATUSES) })),
    }),
  },
})

const MAX_WAIT_SECONDS = 60

export const GetProgress = operation({
  id: 'getPhotoProgress',
  scope: ['read', 'upload'],
  summary: 'Get the progress of an upload',
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
