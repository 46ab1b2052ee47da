import { z } from 'zod'
import { ALBUM_ORDERS, ALBUM_ROLES } from '../../../domain/albums.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { VISIBILITIES } from '../../../domain/visibility.ts'
import { operation } from '../../operation.ts'
import {
  atLeastOneField,
  idOf,
  instant,
  listOf,
  pageQuery,
  PhotoParams,
  text,
  title,
  UserParams,
} from '../inputs.ts'
import { photosExample } from '../photos/examples.ts'
import { OwnerSchema, PhotoSchema } from '../photos/schema.ts'
import { albumExample, albumsExample, albumTextsExample } from './examples.ts'

export const AlbumParams = z.strictObject({ albumId: idOf('album') })
const AlbumPhotoParams = AlbumParams.extend({ photoId: idOf('photo') })

export const AlbumSchema = z
  .object({
    id: z.string(),
    owner: OwnerSchema,
    title: z.string(),
    description: z.string().nullable(),
    visibility: z.enum(VISIBILITIES),
    order: z.enum(ALBUM_ORDERS),
    role: z.enum(ALBUM_ROLES).nullable().meta({ description: 'Yours; null if you are not a member.' }),
    photoCount: z.number().int().nullable().meta({
      description: 'All of them, also those that are hidden from you; null if you are not a member.',
    }),
    cover: PhotoSchema.nullable().meta({
      description:
        'The chosen photo; if there is none, or you may not see it, one of the first that you see.',
    }),
    createdAt: instant,
  })
  .meta({ id: 'Album' })

export const AlbumAnswer = z.object({ album: AlbumSchema })

const fields = {
  title: title(MAX_CHARACTERS.albumTitle),
  description: text(MAX_CHARACTERS.albumDescription).optional(),
  visibility: z.enum(VISIBILITIES).optional().meta({
    description:
      'Who sees the album beside its members. It opens no photo: each one keeps its own visibility.',
  }),
  order: z.enum(ALBUM_ORDERS).optional().meta({
    description: '`position`: as its members place the photos; `date`: latest published first.',
  }),
  coverPhotoId: idOf('photo').nullable().optional(),
}

export const CreateAlbum = operation({
  id: 'createAlbum',
  summary: 'Create an album',
  description:
    'Public and ordered by position unless you say otherwise. A cover is a photo of yours, which is added.',
  body: z.strictObject({
    ...fields,
    visibility: fields.visibility.meta({ default: 'public' }),
    order: fields.order.meta({ default: 'position' }),
  }),
  examples: { body: albumTextsExample, answer: { album: albumExample } },
  answersLocation: true,
  gives: { albumId: '/album/id' },
  responses: { 201: AlbumAnswer },
  errors: ['quota_exceeded'],
})

export const GetAlbum = operation({
  id: 'getAlbum',
  summary: 'Get an album',
  params: AlbumParams,
  examples: { answer: { album: albumExample } },
  responses: { 200: AlbumAnswer },
  errors: ['not_found'],
})

export const UpdateAlbum = operation({
  id: 'updateAlbum',
  summary: 'Edit an album',
  description: 'For its owner and admins. Honours If-Match. A cover is a photo of the album.',
  params: AlbumParams,
  body: atLeastOneField(z.strictObject({ ...fields, title: fields.title.optional() })),
  examples: { body: { title: 'Fog over Zürich', order: 'date' }, answer: { album: albumExample } },
  responses: { 200: AlbumAnswer },
  errors: ['not_found', 'forbidden', 'precondition_failed'],
})

export const DeleteAlbum = operation({
  id: 'deleteAlbum',
  summary: 'Delete an album',
  description: 'For its owner. The photos stay; what the album granted to its members ends.',
  params: AlbumParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})

const list = {
  query: z.strictObject(pageQuery),
  examples: { answer: albumsExample },
  responses: { 200: listOf(AlbumSchema) },
}

export const ListMyAlbums = operation({
  id: 'listMyAlbums',
  summary: 'List the albums that you own or are a member of, latest joined first',
  ...list,
  errors: ['bad_cursor'],
})

export const ListUserAlbums = operation({
  id: 'listUserAlbums',
  summary: "List a user's albums that you may see, newest first",
  params: UserParams,
  ...list,
  errors: ['not_found', 'account_private', 'bad_cursor'],
})

export const ListPhotoAlbums = operation({
  id: 'listPhotoAlbums',
  summary: 'List the albums with a photo that you may see, newest first',
  params: PhotoParams,
  ...list,
  errors: ['not_found', 'bad_cursor'],
})

export const ListAlbumPhotos = operation({
  id: 'listAlbumPhotos',
  summary: 'List the photos of an album that you may see, in its order',
  description:
    'Your own, those that their visibility shows you, and those that their owners added while you are a member. After the ' +
    'order has changed, earlier cursors answer `cursor_expired`.',
  params: AlbumParams,
  query: z.strictObject(pageQuery),
  examples: { answer: photosExample },
  responses: { 200: listOf(PhotoSchema) },
  errors: ['not_found', 'bad_cursor', 'cursor_expired'],
})

export const PutAlbumPhoto = operation({
  id: 'putAlbumPhoto',
  summary: 'Add a photo of yours to an album, or move one',
  description:
    'Adding shows the photo to the members, whatever its visibility, until you take it back or narrow its visibility; then ' +
    'put it again, without a position. Contributors add and move their own photos; owner and admins move any.',
  params: AlbumPhotoParams,
  body: z
    .strictObject({
      position: z
        .number()
        .int()
        .min(0)
        .max(MAX_ITEMS.photosPerAlbum)
        .optional()
        .meta({
          description:
            'How many of the photos that you see come before it. Without it, a new photo goes to the end, and one that is ' +
            'there stays.',
        }),
      shownByLinks: z
        .boolean()
        .optional()
        .meta({
          description:
            'Whether share links of the album show the photo, whatever its visibility; its owner alone decides. By default, links show ' +
            'what you add to your own album, and not what you add to the album of another.',
        }),
    })
    .optional(),
  examples: { body: { position: 0, shownByLinks: true } },
  responses: { 204: null },
  errors: ['not_found', 'forbidden', 'invalid', 'quota_exceeded'],
})

export const RemoveAlbumPhoto = operation({
  id: 'removeAlbumPhoto',
  summary: 'Take a photo out of an album',
  description: 'You may always take back your own; owner and admins take out any that they see.',
  params: AlbumPhotoParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})
