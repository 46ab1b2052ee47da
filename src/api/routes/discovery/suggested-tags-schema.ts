import { z } from 'zod'
import { MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { PhotoParams } from '../inputs.ts'
import { tag } from '../search/filters-schema.ts'

const SuggestedTagSchema = z
  .object({
    tag: z.string().meta({ description: 'To be written into the caption behind a `#`.' }),
    nearness: z.number().meta({ description: 'The cosine of the angle between picture and tag, -1 to 1.' }),
  })
  .meta({ id: 'SuggestedTag' })

export const ListSuggestedTags = operation({
  id: 'listSuggestedTags',
  summary: 'List tags that fit what a photo of yours shows',
  description:
    `At most ${MAX_ITEMS.suggestedTags} of the tags that the operator has chosen, the nearest first, and for the owner alone. To take one, put it into the ` +
    'caption (`PATCH /photos/{photoId}`); until then nobody finds the photo by it. None where the service is set up without, and of photos that it has not looked at.',
  params: PhotoParams,
  examples: { answer: { items: [{ tag: 'sailboat', nearness: 0.31 }] } },
  responses: { 200: z.object({ items: z.array(SuggestedTagSchema) }) },
  errors: ['not_found', 'forbidden'],
})

export const DismissSuggestedTag = operation({
  id: 'dismissSuggestedTag',
  summary: 'Have a tag suggested for a photo of yours no more',
  description:
    'Repeating it changes nothing. A tag that is not among those of the operator answers `not_found`.',
  params: PhotoParams.extend({
    tag: tag.refine((given) => !/[\0\uFFFD]/.test(given) && given.isWellFormed()),
  }),
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})
