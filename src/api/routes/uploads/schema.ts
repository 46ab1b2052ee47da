import { z } from 'zod'
import { UPLOAD_STEPS } from '../../../contracts/photo-upload.ts'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { ORIGINAL_CONTENT_TYPES, type OriginalContentType } from '../../../domain/variants.ts'
import { PHOTO_STATUSES } from '../../../domain/visibility.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, PhotoParams, shownAs, shownDefault, wholeNumber } from '../inputs.ts'
import { awaitedPhotoExample, openUploadExample, progressExample, uploadExample } from './examples.ts'
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

/** Like {@link editable}, with the defaults for fields that the upload omits. */
const initial = {
  ...editable,
  visibility: editable.visibility.meta({ default: 'public' }),
  shareLocation: editable.shareLocation.meta({ default: false }),
  shareCamera: editable.shareCamera.meta({ default: false }),
  shareTakenAt: editable.shareTakenAt.meta({ default: true }),
  allowDownload: editable.allowDownload.meta({ default: false }),
}

/** @param maxUploadBytes MAX_UPLOAD_BYTES */
export const openUpload = (maxUploadBytes: number) =>
  operation({
    id: 'createPhoto',
    summary: 'Create a photo and get the pre-signed PUT for its original',
    description: 'PUT exactly `bytes` bytes with exactly `upload.headers`, then call complete.',
    body: z.strictObject({
      contentType,
      bytes: uploadBytes(maxUploadBytes),
      sha256: sha256.optional(),
      ...initial,
      albumId: idOf('album').optional().meta({
        description: 'Adds the photo to the end of this album, and grants it to the members.',
      }),
    }),
    examples: { body: openUploadExample, answer: { photo: awaitedPhotoExample, upload: uploadExample } },
    answersLocation: true,
    gives: { photoId: '/photo/id' },
    responses: { 201: z.object({ photo: PhotoSchema, upload: UploadSchema }) },
    errors: ['too_large', 'unsupported_type', 'quota_exceeded', 'not_found', 'forbidden'],
  })

export const SignUploadAnew = operation({
  id: 'signUpload',
  summary: 'Sign the PUT again',
  description: 'Possible while the photo awaits its original. The signature expires with the upload.',
  params: PhotoParams,
  examples: { answer: { upload: uploadExample } },
  responses: { 200: z.object({ upload: UploadSchema }) },
  errors: ['not_found', 'upload_closed'],
})

export const CompleteUpload = operation({
  id: 'completeUpload',
  summary: 'Report that the original was uploaded',
  params: PhotoParams,
  examples: { answer: { photo: awaitedPhotoExample } },
  responses: { 200: PhotoAnswer, 202: PhotoAnswer },
  errors: ['not_found', 'not_uploaded', 'upload_closed'],
})

const MAX_WAIT_SECONDS = 60

export const GetProgress = operation({
  id: 'getPhotoProgress',
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
