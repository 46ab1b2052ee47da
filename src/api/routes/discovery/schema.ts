import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { usersExample } from '../graph/examples.ts'
import { listOf, pageQuery, queryText } from '../inputs.ts'
import { photosExample } from '../photos/examples.ts'
import { PhotoSchema } from '../photos/schema.ts'

export const SearchUsers = operation({
  id: 'searchUsers',
  summary: 'Search accounts by name',
  description:
    'Each word of `q` must begin a word of the username or display name, whatever its case and accents. The account of exactly that name ' +
    'comes first, then those that you follow, then others; within these, accounts with more followers come earlier. A page may be short ' +
    'before the end.',
  query: z.strictObject({ ...pageQuery, q: queryText(1, MAX_CHARACTERS.displayName) }),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['bad_cursor'],
})

const TrendingTagSchema = z
  .object({
    tag: z.string().meta({ description: 'Folded, as `GET /tags/:tag/photos` takes it.' }),
    count: z
      .number()
      .int()
      .meta({
        description: `How many accounts used it lately, of those whose photos you may see; at most ${MAX_ITEMS.authorsPerTrendingTag}.`,
      }),
  })
  .meta({ id: 'TrendingTag' })

export const ListTrendingTags = operation({
  id: 'listTrendingTags',
  summary: 'List the tags that trend',
  description:
    'Tags of public photos of the last three days by at least three accounts, those of the most and the latest accounts first: each counts once, ' +
    'and half as much after twelve hours. Ranked every five minutes.',
  query: z.strictObject(pageQuery),
  examples: {
    answer: {
      items: [
        { tag: 'zurich', count: 41 },
        { tag: 'fog', count: 12 },
      ],
      nextCursor: null,
    },
  },
  responses: { 200: listOf(TrendingTagSchema) },
  errors: ['bad_cursor', 'cursor_expired'],
})

export const Explore = operation({
  id: 'explore',
  summary: 'List popular public photos',
  description:
    'Photos of the last two weeks by the likes of others, half as much for each day of age; those of one account far apart. Without sensitive ' +
    'photos, and without those of accounts that you block or mute. Ranked every five minutes; a walk keeps its order for two hours. A page may ' +
    'be short before the end.',
  query: z.strictObject(pageQuery),
  examples: { answer: photosExample },
  responses: { 200: listOf(PhotoSchema) },
  errors: ['bad_cursor', 'cursor_expired'],
})
