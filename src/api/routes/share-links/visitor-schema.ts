import { z } from 'zod'
import { ANIMATION, VARIANT_NAMES } from '../../../domain/variants.ts'
import { SourceSchema } from '../photos/schema.ts'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { MAX_PUT_BYTES } from '../../../domain/upload-parts.ts'
import { operation } from '../../operation.ts'
import { instant, line, listOf, pageQuery } from '../inputs.ts'
import { contentType, sha256, uploadBytes, UploadSchema } from '../uploads/schema.ts'
import { uploadExample } from '../uploads/examples.ts'
import { guestUploadExample, sharedExample, ticketExample } from './examples.ts'

const LinkParams = z.strictObject({
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .meta({ description: 'The token of the link.', example: 'b9dZ0pRkQ4aWm2xvC7hTn1yLs6uEe3oGf8iVj5cKt0Q' }),
})

const headers = z.object({
  'X-Share-Password': z.string().optional().meta({
    description: 'The password of the link, if it has one; or send the session.',
    example: 'fog-2026',
  }),
  'X-Share-Session': z.string().optional().meta({
    description: '`session` of an earlier answer, valid for an hour.',
    example: sharedExample.session,
  }),
})

const NameSchema = z.object({ username: z.string(), displayName: z.string().nullable() })

export const SharedPhotoSchema = z
  .object({
    id: z.string(),
    owner: NameSchema,
    caption: z.string().nullable(),
    altText: z.string().nullable(),
    tags: z.array(z.string()),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    placeholder: z.string().nullable().meta({ description: 'A thumbhash in base64.' }),
    variants: z.array(
      z.object({
        name: z.enum([...VARIANT_NAMES, ANIMATION]),
        format: z.string(),
        width: z.number().int(),
        height: z.number().int(),
        bytes: z.number().int(),
        url: z.string().meta({ description: 'If it answers 403, fetch the page again.' }),
        expiresAt: instant,
      }),
    ),
    sources: z
      .array(SourceSchema.extend({ expiresAt: instant }))
      .meta({ description: 'Each size once, smallest first, ready for `srcset`.' }),
  })
  .meta({ id: 'SharedPhoto' })

const SharedAlbumSchema = z
  .object({
    title: z.string(),
    description: z.string().nullable(),
    owner: NameSchema,
    expiresAt: instant.nullable().meta({ description: 'When the link runs out.' }),
    allowUpload: z.boolean(),
  })
  .meta({ id: 'SharedAlbum' })

const REFUSALS = ['not_found', 'link_password_required', 'link_expired', 'link_exhausted'] as const

export const GetShared = operation({
  id: 'getSharedAlbum',
  summary: 'See the album of a share link',
  description:
    'For whoever has the link; no account is needed, and none is looked at. A request without a session counts one view and begins a session: ' +
    'send it in `X-Share-Session` for further pages. Search engines are told not to list the answer, and nothing may store it.',
  params: LinkParams,
  query: z.strictObject(pageQuery),
  headers,
  examples: { answer: sharedExample },
  responses: {
    200: z.object({ album: SharedAlbumSchema, ...listOf(SharedPhotoSchema).shape, session: z.string() }),
  },
  errors: [...REFUSALS, 'bad_cursor', 'cursor_expired'],
})

/** @param maxUploadBytes MAX_UPLOAD_BYTES */
export const openGuestUpload = (maxUploadBytes: number) =>
  operation({
    id: 'createGuestUpload',
    summary: 'Put a photo into the drop box of a shared album',
    description:
      'If the link allows it. PUT exactly `bytes` bytes with exactly `upload.headers`. The photo is seen by the owner of the album alone, ' +
      'who adds it to the album or declines it.',
    params: LinkParams,
    headers,
    body: z.strictObject({
      contentType,
      bytes: uploadBytes(Math.min(maxUploadBytes, MAX_PUT_BYTES)),
      sha256: sha256.optional(),
      name: line(MAX_CHARACTERS.guestName).optional().meta({
        description: 'What the guest calls the photo, or themselves; shown to the owner of the album.',
      }),
    }),
    examples: { body: guestUploadExample, answer: { upload: uploadExample, ticket: ticketExample } },
    responses: {
      201: z.object({
        upload: UploadSchema,
        ticket: z.string().meta({ description: 'Reports the end of the upload.' }),
      }),
    },
    errors: [...REFUSALS, 'forbidden', 'too_large', 'unsupported_type', 'quota_exceeded'],
  })

export const CompleteGuestUpload = operation({
  id: 'completeGuestUpload',
  summary: 'Report that a photo for the drop box was uploaded',
  description: 'Storage that sends events reports it too. Repeats change nothing.',
  params: LinkParams.extend({
    ticket: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,200}\.[A-Za-z0-9_-]{1,600}\.[A-Za-z0-9_-]{1,200}$/)
      .meta({ description: '`ticket` of the upload.', example: ticketExample }),
  }),
  headers,
  responses: { 204: null },
  errors: [...REFUSALS, 'not_uploaded', 'upload_closed'],
})
