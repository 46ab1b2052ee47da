import { z } from 'zod'
import { operation } from '../../operation.ts'
import { AlbumParams } from '../albums/schema.ts'
import { idOf, instant, listOf, pageQuery } from '../inputs.ts'
import { PhotoSchema } from '../photos/schema.ts'
import { dropBoxExample } from './examples.ts'

export const OfferedPhotoSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable().meta({ description: 'What the guest calls the photo, or themselves.' }),
    linkId: z.string().nullable().meta({ description: 'Through which it came; null once that is revoked.' }),
    offeredAt: instant,
    photo: PhotoSchema,
  })
  .meta({ id: 'DropBoxItem' })

const ItemParams = AlbumParams.extend({ itemId: idOf('item') })

export const ListDropBox = operation({
  id: 'listDropBox',
  summary: 'List the photos that guests put into the drop box of an album, latest first',
  description:
    'Those that wait for your decision: they were uploaded for you, as the owner of the album at the time. After 30 days without a decision ' +
    'they are deleted.',
  params: AlbumParams,
  query: z.strictObject(pageQuery),
  examples: { answer: dropBoxExample },
  responses: { 200: listOf(OfferedPhotoSchema) },
  errors: ['not_found', 'forbidden', 'bad_cursor'],
})

export const ApproveDropBoxItem = operation({
  id: 'approveDropBoxItem',
  summary: 'Add a photo of the drop box to the album',
  description: 'It becomes a private photo of yours, at the end of the album.',
  params: ItemParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden', 'quota_exceeded'],
})

export const DeclineDropBoxItem = operation({
  id: 'declineDropBoxItem',
  summary: 'Decline a photo of the drop box, and delete it',
  params: ItemParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})
