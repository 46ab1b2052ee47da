import { z } from 'zod'
import { MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { listOf, pageQuery, shownAs, shownDefault, wholeNumber } from '../inputs.ts'
import { duplicatesExample } from './examples.ts'
import { PhotoSchema } from './schema.ts'

const DEFAULT_GROUPS = 10

const DuplicateGroupSchema = z
  .object({
    count: z.number().int().meta({ description: 'How many photos the group has.' }),
    photos: z
      .array(
        z.object({
          photo: PhotoSchema,
          sameFileAs: z.string().nullable().meta({
            description: 'The first photo of the group with the same bytes; null for that one itself.',
          }),
        }),
      )
      .meta({
        description: `Earliest first, at most ${MAX_ITEMS.photosPerDuplicateGroup}; others follow once some of these are deleted.`,
      }),
  })
  .meta({ id: 'DuplicateGroup' })

export const ListDuplicates = operation({
  id: 'listDuplicates',
  summary: 'List your photos that look the same, in groups',
  description:
    'Of your published photos: copies that were resized, compressed again, cropped a little, or made lighter, darker or grey; not turned or ' +
    'mirrored ones. Groups come in the order of their latest photos, latest first. Photos from before this list existed count by their bytes.',
  query: z.strictObject({
    ...pageQuery,
    limit: wholeNumber(1, MAX_ITEMS.duplicateGroups)
      .default(DEFAULT_GROUPS)
      .meta(shownDefault(DEFAULT_GROUPS)),
    exact: z
      .enum(['true', 'false'])
      .default('false')
      .transform((given) => given === 'true')
      .meta({
        description: 'Only photos with the same bytes.',
        ...shownAs({ type: 'boolean', default: false }),
      }),
  }),
  examples: { answer: duplicatesExample },
  responses: { 200: listOf(DuplicateGroupSchema) },
  errors: ['bad_cursor'],
})
