import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { AlbumParams } from '../albums/schema.ts'
import { futureInstant, idOf, instant, line, listOf, pageQuery } from '../inputs.ts'
import { createdLinkExample, linksExample, newLinkExample } from './examples.ts'

export const LinkSchema = z
  .object({
    id: z.string(),
    label: z.string().nullable(),
    hasPassword: z.boolean(),
    expiresAt: instant.nullable(),
    maxViews: z.number().int().nullable(),
    views: z.number().int(),
    allowUpload: z.boolean(),
    state: z.enum(['live', 'expired', 'exhausted']),
    lastUsedAt: instant.nullable().meta({ description: 'When a view was last counted.' }),
    createdAt: instant,
  })
  .meta({ id: 'ShareLink' })

const NewLinkSchema = LinkSchema.extend({
  url: z.string().meta({ description: 'Of the API; clients have pages of their own for the token.' }),
  token: z.string().meta({ description: 'Shown this once.' }),
}).meta({ id: 'NewShareLink' })

const MAX_VIEWS = 1_000_000
const MIN_PASSWORD_CHARACTERS = 4
const MAX_PASSWORD_CHARACTERS = 128
/** It travels in a header: printable ASCII, and no space at either end. */
const PASSWORD = new RegExp(
  `^[!-~][ -~]{${MIN_PASSWORD_CHARACTERS - 2},${MAX_PASSWORD_CHARACTERS - 2}}[!-~]$`,
)

export const CreateShareLink = operation({
  id: 'createShareLink',
  summary: 'Make a share link of an album',
  description:
    'For its owner and admins. Whoever has the link sees the photos that their owners let links show (`shownByLinks`) and those ' +
    'that everyone sees; nothing else of the album or its members. Sent again, it makes another link: the token cannot be shown twice.',
  params: AlbumParams,
  body: z.strictObject({
    label: line(MAX_CHARACTERS.linkLabel)
      .optional()
      .meta({ description: 'Whom the link is for; not shown by it.' }),
    password: z
      .string()
      .regex(
        PASSWORD,
        `${MIN_PASSWORD_CHARACTERS} to ${MAX_PASSWORD_CHARACTERS} printable ASCII characters, without a space at either end.`,
      )
      .nullable()
      .optional(),
    expiresAt: futureInstant.nullable().optional(),
    maxViews: z
      .number()
      .int()
      .min(1)
      .max(MAX_VIEWS)
      .nullable()
      .optional()
      .meta({ description: 'How often it may be opened; the further pages of a visit count no more.' }),
    allowUpload: z
      .boolean()
      .optional()
      .meta({ description: 'Lets visitors put photos into the drop box of the album.', default: false }),
  }),
  examples: { body: newLinkExample, answer: createdLinkExample },
  gives: { token: '/link/token' },
  responses: { 201: z.object({ link: NewLinkSchema }) },
  errors: ['not_found', 'forbidden', 'quota_exceeded'],
})

export const ListShareLinks = operation({
  id: 'listShareLinks',
  summary: 'List the share links of an album, latest first',
  description: 'For its owner and admins. One that has expired is listed for another week.',
  params: AlbumParams,
  query: z.strictObject(pageQuery),
  examples: { answer: linksExample },
  responses: { 200: listOf(LinkSchema) },
  errors: ['not_found', 'forbidden', 'bad_cursor'],
})

export const RevokeShareLink = operation({
  id: 'revokeShareLink',
  summary: 'Revoke a share link',
  description:
    'For the owner and the admins of the album. From the answer on, the link is unknown; image URLs that were issued through it are refused ' +
    'moments later.',
  params: AlbumParams.extend({ linkId: idOf('link') }),
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})
