import { z } from 'zod'
import { MAX_AVATAR_BYTES } from '../../../domain/avatars.ts'
import { operation } from '../../operation.ts'
import { avatarUrl } from '../accounts/schema.ts'
import { instant } from '../inputs.ts'
import { uploadExample } from '../uploads/examples.ts'
import { contentType, uploadBytes, UploadSchema } from '../uploads/schema.ts'

const AvatarSchema = z
  .object({
    avatarUrl,
    upload: z
      .object({
        status: z.enum(['awaiting_upload', 'processing', 'ready', 'failed']),
        failure: z.object({ code: z.string(), detail: z.string() }).optional().meta({
          description: 'Codes as those of photos; `policy` if automatic moderation refused the picture.',
        }),
        createdAt: instant,
      })
      .nullable()
      .meta({ description: 'The latest upload; null if there was none, or its avatar was deleted.' }),
  })
  .meta({ id: 'Avatar' })

const example = {
  avatarUrl:
    'https://images.darkroom.example/variants/0193707a-3a5e-7f4b-9d3e-2f6c1a8b7e55/0/square_256.auto?a=0&o=4711.0&s=…',
  upload: { status: 'ready', createdAt: '2026-11-28T09:00:00.000Z' },
}
const awaited = { avatarUrl: null, upload: { status: 'processing', createdAt: '2026-11-28T09:00:00.000Z' } }

export const OpenAvatar = operation({
  id: 'createAvatar',
  scope: ['upload'],
  summary: 'Get the pre-signed PUT for a new avatar',
  description:
    'PUT exactly `bytes` bytes with exactly `upload.headers`, then call complete. The middle of the picture is shown, upright and without ' +
    'metadata; of an animation its first frame. The avatar before stays until the new one is ready. Repeated under its Idempotency-Key ' +
    'after the picture has arrived, the answer has `upload: null`.',
  body: z.strictObject({ contentType, bytes: uploadBytes(MAX_AVATAR_BYTES) }),
  examples: { body: { contentType: 'image/jpeg', bytes: 524288 }, answer: { upload: uploadExample } },
  responses: { 201: z.object({ upload: UploadSchema.nullable() }) },
  errors: ['too_large', 'unsupported_type', 'quota_exceeded'],
})

export const CompleteAvatar = operation({
  id: 'completeAvatar',
  scope: ['upload'],
  summary: 'Report that the picture of an avatar was uploaded',
  description:
    'The storage decides what has arrived. 202 while it is being processed, 200 afterwards; repeats never fail.',
  examples: { answer: { avatar: awaited } },
  responses: { 200: z.object({ avatar: AvatarSchema }), 202: z.object({ avatar: AvatarSchema }) },
  errors: ['not_uploaded', 'upload_closed'],
})

export const GetAvatar = operation({
  id: 'getAvatar',
  scope: ['read', 'upload'],
  summary: 'Get your avatar, and what became of its latest upload',
  examples: { answer: { avatar: example } },
  responses: { 200: z.object({ avatar: AvatarSchema }) },
})

export const DeleteAvatar = operation({
  id: 'deleteAvatar',
  summary: 'Delete your avatar',
  description:
    'It is shown to nobody any more once this returns; uploads that were to replace it are given up.',
  responses: { 204: null },
})
